using Postern.Diagnosis.Knowledge;

namespace Postern.Tests.Diagnosis;

/// <summary>Mistakes in a page, each with its exact message.</summary>
public sealed class PageReaderTests
{
    /// <summary>A good page; line 10 is its first section.</summary>
    private const string Good = """
        +++
        id = "greylisted"
        title = "T"
        who = "nobody"
        summary = "S."
        fix = "F."
        why = "W."
        sources = ["RFC 1"]
        +++
        ## What you see
        a
        ## What it means
        b
        ## Confirm it
        c
        ## Fix it
        d
        ## Why the fix works
        e
        """;

    [Fact]
    public void A_good_page_has_no_errors() => Assert.Empty(Errors(Good));

    [Theory]
    [InlineData("+++\nid", "id", "greylisted.md:1: a page begins with its front matter between two lines of +++")]
    [InlineData("id = \"greylisted\"", "id = \"grey\"", "greylisted.md:2: no cause is called \"grey\"")]
    [InlineData("id = \"greylisted\"", "id = \"none\"", "greylisted.md:2: no cause is called \"none\"")]
    [InlineData("id = \"greylisted\"\n", "", "greylisted.md:1: the front matter lacks id")]
    [InlineData("sources = [\"RFC 1\"]", "sources = []", "greylisted.md:8: sources must be a list of texts, and not empty")]
    [InlineData("summary = \"S.\"", "summary = \" \"", "greylisted.md:5: summary must be a text, and not empty")]
    [InlineData("who = \"nobody\"", "who = \"they\"", "greylisted.md:4: no party is called \"they\"; there are us, upstream, recipient-domain, network, sender, nobody")]
    [InlineData("who = \"nobody\"", "who = \"us\"", "greylisted.md:4: greylisted is for nobody to mend; a variant may say otherwise")]
    [InlineData("title = \"T\"", "title = \"T\"\nwhom = \"us\"", "greylisted.md:4: \"whom\" is not known here; there are id, title, who, summary, fix, why, sources")]
    [InlineData("## Fix it\nd\n", "", "greylisted.md:16: expected the section \"## Fix it\", found \"## Why the fix works\"", "greylisted.md:17: the section \"## Why the fix works\" is missing")]
    [InlineData("e", "e\n## More", "greylisted.md:20: \"## More\" is one section too many")]
    [InlineData("+++\n## What you see", "+++\nhello\n## What you see", "greylisted.md:10: text before the first section, \"## What you see\"")]
    [InlineData("\nb\n", "\n### When it rains\nb\n", "greylisted.md:13: \"When\" needs its condition on the next line: <!-- when: question=word -->")]
    [InlineData("\nb\n", "\n### When it rains\n<!-- when: rain -->\nb\n", "greylisted.md:14: \"rain\" is no condition; write question=word or question=word|word")]
    [InlineData("\nb\n", "\n### On\n<!-- when: auth=badly -->\nb\n", "greylisted.md:14: \"badly\" is no answer to auth; there are credentials, mechanism, needs-tls, not-authenticated, other")]
    [InlineData("\nb\n", "\n<!-- note -->\n", "greylisted.md:13: a comment may only follow a ### line, as its condition")]
    [InlineData("\nb\n", "\n| a | b |\n", "greylisted.md:13: a table fits neither a terminal nor a bounce; write a list")]
    [InlineData("\nb\n", "\n# b\n", "greylisted.md:13: only ## and ### are used")]
    [InlineData("\nb\n", "\nb {{ host }}\n", "greylisted.md:13: braces that make no placeholder; write {{name}} or {{name?}}")]
    [InlineData("\nb\n", "\nb `code\n", "greylisted.md:13: a ` that is not closed on its line")]
    [InlineData("\nc\n", "\n```sh\nc\n", "greylisted.md:15: a fence ``` that is not closed", "greylisted.md:20: the section \"## Fix it\" is missing", "greylisted.md:20: the section \"## Why the fix works\" is missing")]
    [InlineData("sources = [\"RFC 1\"]", "sources = [\"RFC 1\"]\n[[variant]]\nwhen = \"seen=reset\"", "greylisted.md:9: a variant that changes nothing")]
    [InlineData("sources = [\"RFC 1\"]", "sources = [\"RFC 1\"]\n[[variant]]\nwhy = \"W.\"", "greylisted.md:9: a variant lacks when")]
    [InlineData("sources = [\"RFC 1\"]", "sources = [\"RFC 1\"]\n[other]\nwhy = \"W.\"", "greylisted.md:9: \"other\" is not known here; there is [[variant]]")]
    public void A_mistake_is_told_with_its_line(string instead, string written, params string[] expected) => Assert.Equal(expected, Errors(Change(instead, written)));

    [Fact]
    public void An_unknown_placeholder_names_those_that_exist()
    {
        string known = string.Join(", ", Placeholder.All.Select(p => p.Name));
        Assert.Equal([$"greylisted.md:13: no placeholder is called {{{{hsot}}}}; there are {known}"], Errors(Change("\nb\n", "\nb {{hsot}}\n")));
        Assert.Equal([$"greylisted.md:7: no placeholder is called {{{{hsot}}}}; there are {known}"], Errors(Change("fix = \"F.\"", "fix = \"\"\"\nF {{hsot}}.\"\"\"")));
    }

    [Fact]
    public void An_unknown_question_names_those_that_exist()
    {
        string known = string.Join(", ", Question.All.Select(q => q.Name));
        Assert.Equal(
            [$"greylisted.md:10: no question is called \"rain\"; there are {known}"],
            Errors(Change("sources = [\"RFC 1\"]", "sources = [\"RFC 1\"]\n[[variant]]\nwhen = \"rain=heavy\"\nwhy = \"W.\"")));
    }

    [Fact]
    public void Broken_toml_is_told_with_its_line() => Assert.StartsWith("greylisted.md:3: not valid TOML: ", Errors(Change("title = \"T\"", "title = T"))[0]);

    [Fact]
    public void A_page_is_called_after_its_cause()
    {
        Assert.Null(KnowledgeBase.TryLoad([new KnowledgeFile("other.md", Good)], out var errors));
        Assert.Contains("other.md:1: the page of greylisted must be called greylisted.md", errors.Select(e => e.ToString()));
    }

    [Fact]
    public void A_cause_without_a_page_is_an_error()
    {
        Assert.Null(KnowledgeBase.TryLoad([new KnowledgeFile("greylisted.md", Good)], out var errors));
        Assert.Equal(16, errors.Count);
        Assert.Contains("unknown.md:1: the cause unknown has no page", errors.Select(e => e.ToString()));
    }

    private static string Change(string instead, string written)
    {
        string good = Good.ReplaceLineEndings("\n");
        int at = instead == "e" ? good.Length - 1 : good.IndexOf(instead, StringComparison.Ordinal);
        Assert.True(at >= 0, instead);
        return good[..at] + written + good[(at + instead.Length)..];
    }

    private static List<string> Errors(string text)
    {
        var errors = new List<PageError>();
        var page = PageReader.Read(new KnowledgeFile("greylisted.md", text), errors);
        Assert.Equal(errors.Count == 0, page is not null);
        return [.. errors.Select(e => e.ToString())];
    }
}
