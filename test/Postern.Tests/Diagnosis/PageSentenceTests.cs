using Postern.Diagnosis.Knowledge;

namespace Postern.Tests.Diagnosis;

public sealed class PageSentenceTests
{
    private static readonly string[] Lines = ["Always.", "<server=postfix> Postfix.", "<server=exim|unknown> Exim.", "<server=other|unknown> Another.", "<cloud=aws> AWS."];

    private static string Fill(CaseValues values) => string.Join(' ', PageSentence.Fill([.. Lines.Select(line => PageSentence.Parse(line, message => Assert.Fail(message)))], values));

    [Theory]
    [InlineData(null, "Always. Exim. Another.")]
    [InlineData("postfix", "Always. Postfix.")]
    [InlineData("exim", "Always. Exim.")]
    [InlineData("qmail", "Always. Another.")]
    public void A_line_is_shown_to_the_cases_that_its_condition_names(string? server, string expected) => Assert.Equal(expected, Fill(new CaseValues { Server = server }));

    [Fact]
    public void Conditions_of_other_questions_do_not_mix() => Assert.Equal("Always. Postfix. AWS.", Fill(new CaseValues { Server = "postfix", Cloud = "aws" }));

    [Theory]
    [InlineData("<server=postfx> x", "\"postfx\" is no answer to server")]
    [InlineData("<sever=postfix> x", "no question is called \"sever\"")]
    public void A_condition_that_is_none_is_told(string line, string expected)
    {
        var problems = new List<string>();
        PageSentence.Parse(line, problems.Add);
        Assert.StartsWith(expected, Assert.Single(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void What_only_looks_like_a_condition_is_text() => Assert.Null(PageSentence.Parse("<jane@example.org> is unknown", _ => { }).When);
}
