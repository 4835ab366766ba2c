using Postern.Diagnosis.Causes;

namespace Postern.Tests.Diagnosis;

public sealed class ReplyStemsTests
{
    private const string Two = "[stems]\n\"mailbo\" = \"mailbox-unknown 1.5 mailbox-full 0.5\"\n\"mailb burst\" = \"mailbox-full 3\"\n\"~\" = \"reputation-listed 1\"\n";

    [Theory]
    [InlineData(" the mailboxes ", "mailbo")]
    [InlineData(" mailbox bursting ", "mailbo|mailb burst")]
    [InlineData(" mailbox 42 bursting ", "mailbo|mailb burst")]
    [InlineData(" mailbox mailbox mailbox ", "mailbo")]
    [InlineData(" bursting mailbox ", "mailbo")]
    [InlineData(" ~mx.example.com/a # @ ", "~")]
    [InlineData(" ", "")]
    public void Words_are_found_by_their_beginnings_alone_and_in_pairs(string plain, string stems) =>
        Assert.Equal(stems, string.Join('|', ReplyStems.Parse(Two).Find(plain).Select(s => s.Text)));

    [Theory]
    [InlineData("\"a\" = \"moon 1\"", "'moon' is not a label")]
    [InlineData("\"a\" = \"other much\"", "'much' is not a number")]
    [InlineData("\"a\" = \"other\"", "must have a weight for each label")]
    public void Mistakes_in_the_file_are_named(string line, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => ReplyStems.Parse("[stems]\n" + line + "\n"));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stems_read_what_no_row_knows_and_say_which_decided()
    {
        var rows = ReplyRowsReader.Read("[sources]\nrfc = \"https://www.rfc-editor.org/\"\n[rows]\nserver = [\n{ id = \"a\", label = \"greylisted\", all = [\"grey\"], source = \"rfc\", example = \"451 grey\" },\n]\n");
        var reading = new ReplyClassifier(rows, ReplyStems.Parse(Two)).Read(new ReplyInput("552 mailbox bursting"));
        Assert.Equal(ReplyLabel.MailboxFull, reading.Label);
        Assert.Null(reading.Pattern);
        Assert.Equal("mailb burst|mailbo", string.Join('|', reading.Stems));
        Assert.Equal(ReplyLabel.Greylisted, new ReplyClassifier(rows, ReplyStems.Parse(Two)).Read(new ReplyInput("451 grey mailbox bursting")).Label);
    }

    [Fact]
    public void No_stem_of_this_build_outweighs_a_row_for_a_documented_code()
    {
        Assert.NotEmpty(ReplyStems.Default.All);
        Assert.All(ReplyStems.Default.All, stem => Assert.All(stem.Weights, w => Assert.InRange(w.Weight, -4, 4)));
        Assert.All(ReplyStems.Default.All, stem => Assert.True(stem.Text.Length <= 2 * ReplyStems.Pair + 1, stem.Text));
    }
}
