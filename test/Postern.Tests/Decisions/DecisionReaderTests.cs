using Postern.Core.Decisions;
using Postern.Diagnosis.Causes;

namespace Postern.Tests.Decisions;

public sealed class DecisionReaderTests
{
    private const string Row = "words = \"w\"\nsource = \"s\"\n";

    /// <summary>A whole table: one row for each cause, with the given text as the first row, from line 2 on.</summary>
    private static string Table(string first = "") => "confidence = 0.8\n" + first + string.Concat(CauseTable.All.Select(c => $"[[row]]\ncause = \"{c.Name}\"\nmessage = \"wait\"\n{Row}"));

    [Fact]
    public void The_table_of_this_build_has_a_row_for_every_cause() =>
        Assert.Equal(CauseTable.All.Select(c => c.Id).Order(), DecisionTable.Default.Rows.Select(r => r.Cause).Distinct().Order());

    [Fact]
    public void A_table_with_a_row_for_each_cause_is_read() => Assert.Equal(CauseTable.All.Count(), DecisionReader.Read(Table()).Rows.Count);

    [Theory]
    [InlineData("[[row]]\ncause = \"greylistd\"\nmessage = \"wait\"\n", "decisions.toml:3:1: cause: expected a cause; did you mean \"greylisted\"?")]
    [InlineData("[[row]]\ncause = \"greylisted\"\nmessage = \"await\"\n", "decisions.toml:4:1: message: expected one of next-host, next-egress, wait, turn, look-again, bounce; did you mean \"wait\"?")]
    [InlineData("[[row]]\ncause = \"greylisted\"\n", "decisions.toml:2:1: message: is missing; add message = \"wait\"")]
    [InlineData("[[row]]\ncause = \"greylisted\"\nmessage = \"wait\"\nmesage = \"x\"\n", "decisions.toml:5:1: mesage: unknown key; did you mean \"message\"?")]
    [InlineData("[[row]]\ncause = \"greylisted\"\nstages = [\"rcpt\", \"helo\"]\nmessage = \"wait\"\n", "decisions.toml:4:19: stages: \"helo\" is not known here; did you mean \"ehlo\"?")]
    [InlineData("[[row]]\ncause = \"greylisted\"\nretry = [\"2d\"]\nmessage = \"wait\"\n", "decisions.toml:4:10: retry: \"2d\" is not known here; known: 1s to 1d, such as 5m")]
    [InlineData("[[row]]\ncause = \"greylisted\"\nretry = []\nmessage = \"wait\"\n", "decisions.toml:4:1: retry: no wait; write at least one, such as [\"5m\"], or leave the line out for delivery.retry")]
    [InlineData("[[row]]\ncause = \"ip-reputation\"\nabout = \"us\"\nmessage = \"bounce\"\n", "decisions.toml:5:1: message: what is about us is never a reason to bounce; write \"wait\", or remove about = \"us\"")]
    [InlineData("[[row]]\ncause = \"greylisted\"\nmessage = \"wait\"\nlast = \"bounce\"\n", "decisions.toml:5:1: last: message = \"wait\" asks nobody else, so there is no last one; remove the line")]
    [InlineData("[[row]]\ncause = \"greylisted\"\nmessage = \"wait\"\npermanent = \"no\"\n", "decisions.toml:5:1: permanent: expected true or false, found text; write permanent = true")]
    public void A_mistake_is_told_with_its_line_and_remedy(string row, string expected) =>
        Assert.Equal(expected, Assert.Throws<InvalidDataException>(() => DecisionReader.Read(Table(row + Row))).Message);

    [Fact]
    public void Words_with_a_placeholder_that_nobody_fills_are_refused() =>
        Assert.Equal("decisions.toml:5:1: words: {them} is not a placeholder; known: us, host, upstream, recipient",
            Assert.Throws<InvalidDataException>(() => DecisionReader.Read(Table("[[row]]\ncause = \"greylisted\"\nmessage = \"wait\"\nwords = \"by {them}\"\nsource = \"s\"\n"))).Message);

    [Fact]
    public void A_row_behind_one_that_takes_all_is_refused() =>
        Assert.EndsWith("row: is never reached: an earlier row of greylisted has no condition and takes all; move the row without condition behind it",
            Assert.Throws<InvalidDataException>(() => DecisionReader.Read(Table() + "[[row]]\ncause = \"greylisted\"\npermanent = true\nmessage = \"wait\"\n" + Row)).Message);

    [Fact]
    public void A_cause_without_a_row_is_refused() =>
        Assert.EndsWith("there is no row for greylisted; add [[row]] with cause = \"greylisted\"",
            Assert.Throws<InvalidDataException>(() => DecisionReader.Read(Table().Replace("\"greylisted\"", "\"mailbox-full\"\npermanent = true", StringComparison.Ordinal))).Message);

    [Fact]
    public void Without_a_last_row_that_takes_everything_it_is_refused() =>
        Assert.EndsWith("no row takes what the others do not; add a last [[row]] with cause = \"unknown\" and no condition",
            Assert.Throws<InvalidDataException>(() => DecisionReader.Read(Table().Replace("\"unknown\"", "\"unknown\"\npermanent = true", StringComparison.Ordinal))).Message);

    [Fact]
    public void Broken_TOML_and_a_missing_threshold_are_refused()
    {
        Assert.StartsWith("decisions.toml:1:", Assert.Throws<InvalidDataException>(() => DecisionReader.Read("confidence = ")).Message, StringComparison.Ordinal);
        Assert.Equal("decisions.toml:1:1: confidence: expected a fraction above 0, at most 1; write confidence = 0.8 above the rows", Assert.Throws<InvalidDataException>(() => DecisionReader.Read("[[row]]\n")).Message);
    }
}
