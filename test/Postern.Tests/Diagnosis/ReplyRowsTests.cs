using Postern.Diagnosis.Causes;

namespace Postern.Tests.Diagnosis;

public sealed class ReplyRowsTests
{
    private const string Sources = "[sources]\nrfc = \"https://www.rfc-editor.org/\"\n";
    private const string Good = """{ id = "a", label = "greylisted", all = ["grey|gray", "later"], source = "rfc", example = "451 grey, later" },""";

    [Fact]
    public void A_file_of_one_row_is_enough()
    {
        var rows = ReplyRowsReader.Read(File(Good));
        var row = Assert.Single(rows.Rows);
        Assert.Equal(4, row.Weight);
        Assert.Equal(["grey", "gray"], row.Groups[0]);
        Assert.Equal(ReplyLabel.Greylisted, new ReplyClassifier(rows, ReplyStems.None).Read(new ReplyInput("451 Later. You are grey-listed")).Label);
        Assert.Equal(ReplyLabel.Other, new ReplyClassifier(rows, ReplyStems.None).Read(new ReplyInput("451 Later")).Label);
    }

    [Theory]
    [InlineData("""{ id = "a", label = "nonsense", all = ["x"], source = "rfc", example = "x" },""", "5: 'nonsense' is not a label")]
    [InlineData("""{ label = "other", all = ["x"], source = "rfc", example = "x" },""", "5: 'id' is missing")]
    [InlineData("""{ id = "a", label = "other", source = "rfc", example = "x" },""", "row 'a' matches everything")]
    [InlineData("""{ id = "a", label = "other", all = ["x"], source = "nowhere", example = "x" },""", "which [sources] does not have")]
    [InlineData("""{ id = "a", label = "other", all = ["x"], source = "rfc", example = "x", colour = "red" },""", "'colour' is not known")]
    [InlineData("""{ id = "a", label = "other", all = ["x||y"], source = "rfc", example = "x" },""", "'all' has an empty word")]
    [InlineData("""{ id = "a", label = "other", all = ["x"], enhanced = "6.1", source = "rfc", example = "x" },""", "'6.1' is not an enhanced code")]
    [InlineData("""{ id = "a", label = "other", all = ["x"], stage = "lunch", source = "rfc", example = "x" },""", "'lunch' is not a stage")]
    [InlineData("""{ id = "a", label = "other", all = ["x"], cause = "moon", source = "rfc", example = "x" },""", "'moon' is not a cause")]
    [InlineData("""{ id = "a", label = "other", all = ["x"], also = { moon = 1 }, source = "rfc", example = "x" },""", "'moon' is not a label")]
    [InlineData("""{ id = "a", label = "other", all = ["x"], weight = "much", source = "rfc", example = "x" },""", "'weight' is a number")]
    [InlineData("""{ id = "a", label = "other", all = ["x"], provider = "moon", source = "rfc", example = "x" },""", "provider 'moon'")]
    [InlineData(Good + "\n" + Good, "6: there are two rows 'a'")]
    [InlineData("{ id = ", "replies.toml")]
    public void Mistakes_in_the_file_are_named(string rows, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => ReplyRowsReader.Read(File(rows)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_that_is_not_known_is_a_mistake() =>
        Assert.Contains("'moon'", Assert.Throws<InvalidDataException>(() => ReplyRowsReader.Read(Sources + "[moon]\na = \"b\"\n")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("Über-Füllung: don't!", " uber fullung dont ")]
    [InlineData("<user@example.com>... (see http://mx.example.com/a/b?c=d-e)", " @ see ~mx.example.com/a/b/c/d-e ")]
    [InlineData("[192.0.2.1]:25 2001:db8::1 5.7.1 zen.example.org blocked.Please", " # 25 # 5.7.1 ~zen.example.org blocked please ")]
    [InlineData("OFR_506 [506] AUP#In-1310", " ofr 506 506 aup in 1310 ")]
    [InlineData("Please try 550-5.1.1 again (#id-5.9.5) l'adresse", " please try again id 5 9 5 l adresse ")]
    [InlineData("", " ")]
    public void Texts_are_made_plain(string text, string plain) => Assert.Equal(plain, ReplyPlainText.Of(text));

    private static string File(string rows) => Sources + "[rows]\nserver = [\n" + rows + "\n]\n";
}
