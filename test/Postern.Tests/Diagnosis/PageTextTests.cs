using Postern.Diagnosis.Knowledge;

namespace Postern.Tests.Diagnosis;

/// <summary>How pages are filled and written out; on a small page of our own.</summary>
public sealed class PageTextTests
{
    private const string Body = """
        ## What you see

        **Refused** by {{host}}. They said:
        "{{reply?}}"

        ### When it is Google
        <!-- when: provider=google -->

        Gmail.

        ### When it is Yahoo
        <!-- when: provider=yahoo -->

        Yahoo.

        ### When it is somebody else
        <!-- when: provider=other -->

        See [their page](https://example.org/help).

        ## What it means

        - one entry that is long enough to go over the end of a line of forty columns
        - `code`

        ## Confirm it

        ```sh
        nc -vz {{address?}} {{port}}
        ```

        ```sh
        dig MX {{domain}}
        ```

        ## Fix it

        Ask {{recipient}}.

        ## Why the fix works

        It does.
        """;

    private static readonly KnowledgePage Page = Read(Front("fix = \"\"\"\n1. Stop.\n2. Ask at {{delisting?}}\n3. Wait for `dig MX {{domain}}`.\"\"\""));

    [Fact]
    public void Markdown_shows_the_parts_that_fit_and_fills_in_names() =>
        Assert.Equal("""
            # Small

            ## What you see

            **Refused** by mx1.example.org. They said:
            "550 no"

            ### When it is Yahoo

            Yahoo.

            ## What it means

            - one entry that is long enough to go over the end of a line of forty columns
            - `code`

            ## Confirm it

            ```sh
            nc -vz 198.51.100.25 25
            ```

            ```sh
            dig MX example.org
            ```

            ## Fix it

            Ask jane@example.org.

            ## Why the fix works

            It does.

            ## Sources

            - RFC 1

            """.ReplaceLineEndings("\n"),
            Page.Render(new CaseValues { Host = "mx1.example.org", Reply = "550 no", Address = "198.51.100.25", Domain = "example.org", Recipient = "jane@example.org", Provider = "yahoo" }).ToMarkdown());

    [Fact]
    public void Plain_text_has_no_marks_wraps_prose_and_leaves_out_what_has_no_value() =>
        Assert.Equal("""
            Small

            WHAT YOU SEE

            Refused by their mail server. They said:

            When it is somebody else

            See their page
            (https://example.org/help).

            WHAT IT MEANS

            - one entry that is long enough to go
              over the end of a line of forty
              columns
            - code

            CONFIRM IT

                dig MX DOMAIN

            FIX IT

            Ask the recipient's address.

            WHY THE FIX WORKS

            It does.

            """.ReplaceLineEndings("\n"), Page.Render(CaseValues.None, "provider=other").ToPlain(40));

    [Fact]
    public void A_case_that_does_not_say_is_shown_every_variant()
    {
        string text = Page.Render(CaseValues.None).ToMarkdown();
        Assert.Contains("Gmail.", text);
        Assert.Contains("Yahoo.", text);
        Assert.Contains("their page", text);
    }

    [Fact]
    public void An_answer_that_nobody_names_is_other()
    {
        string text = Page.Render(CaseValues.None with { Provider = "example" }).ToMarkdown();
        Assert.DoesNotContain("Gmail.", text);
        Assert.Contains("their page", text);
    }

    [Fact]
    public void Without_a_case_every_command_is_shown_with_generic_words()
    {
        string text = Page.Render(CaseValues.Generic).ToMarkdown();
        Assert.Contains("nc -vz ADDRESS 25\n", text);
        Assert.DoesNotContain("\"…\"", text);
    }

    [Fact]
    public void Steps_are_numbered_anew_when_one_is_left_out() =>
        Assert.Equal("1. Stop.\n2. Wait for dig MX example.org.", Page.Fill(new CaseValues { Domain = "example.org" }).Fix);

    [Theory]
    [InlineData("$(reboot).example.org")]
    [InlineData("a;reboot")]
    [InlineData("a b")]
    [InlineData("-e")]
    [InlineData("`reboot`")]
    [InlineData("a\nreboot")]
    [InlineData("")]
    public void A_command_never_takes_a_value_that_a_shell_would_act_on(string domain)
    {
        Assert.Contains("dig MX DOMAIN\n", Page.Render(new CaseValues { Domain = domain }).ToMarkdown());
        Assert.EndsWith("Wait for dig MX DOMAIN.", Page.Fill(new CaseValues { Domain = domain }).Fix);
    }

    [Fact]
    public void What_a_peer_says_stays_one_line_of_text()
    {
        string text = Page.Render(new CaseValues { Reply = "550 <b>no</b>\r\n\u001b[31m[x](http://example.org)\u202e# end" }).ToMarkdown();
        Assert.Contains("\n\"550 \\<b\\>no\\</b\\> \\[31m\\[x\\](http://example.org) \\# end\"\n", text);
        Assert.Contains(new string('x', 400) + "…\"\n", Page.Render(new CaseValues { Reply = new string('x', 5000) }).ToMarkdown());
    }

    [Fact]
    public void Names_in_a_sentence_read_well_with_and_without_a_case()
    {
        var line = new Template("{{them}} refuses {{us}}. {{us}} is listed.", isCommand: false, problem => Assert.Fail(problem));
        Assert.Equal("Their mail server refuses our sending address. Our sending address is listed.", line.Fill(CaseValues.None, PageForm.Plain));
        Assert.Equal(
            "mx1.example.org [198.51.100.25] refuses our address 192.0.2.10. Our address 192.0.2.10 is listed.",
            line.Fill(new CaseValues { Host = "mx1.example.org", Address = "198.51.100.25", OurAddress = "192.0.2.10" }, PageForm.Plain));
    }

    [Fact]
    public void An_answer_that_does_not_exist_is_a_mistake_of_the_caller()
    {
        Assert.Throws<ArgumentException>(() => Page.Fill(CaseValues.None, "provider"));
        Assert.Throws<ArgumentException>(() => Page.Fill(CaseValues.None, "provider=acme"));
    }

    internal static string Front(string fix) => $"""
        +++
        id = "greylisted"
        title = "Small"
        who = "nobody"
        summary = "A."
        {fix}
        why = "B."
        sources = ["RFC 1"]
        +++

        """.ReplaceLineEndings("\n");

    private static KnowledgePage Read(string front)
    {
        var errors = new List<PageError>();
        var page = PageReader.Read(new KnowledgeFile("greylisted.md", front + Body), errors);
        Assert.Empty(errors.Select(e => e.ToString()));
        return page!;
    }
}
