using System.Reflection;
using System.Text.RegularExpressions;
using Postern.Diagnosis.Causes;
using Postern.Diagnosis.Evidence;

namespace Postern.Tests.Diagnosis.Causes;

public sealed class SignalTableTests
{
    private static readonly SignalTable Table = SignalTable.Default;

    private static IEnumerable<string> IdsInCode =>
        typeof(SignalId).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!)
            .Concat(Enum.GetValues<CauseId>().Where(c => c is not (CauseId.None or CauseId.Unknown)).Select(SignalId.ReplyOf))
            .Concat(Enum.GetValues<MxProblem>().Where(p => p != MxProblem.None).Select(SignalId.MxOf));

    [Fact]
    public void Every_signal_of_the_code_has_a_row_and_every_row_a_signal()
    {
        var code = IdsInCode.ToHashSet();
        var rows = Table.Rows.Select(r => r.Id).ToHashSet();
        Assert.Empty(code.Except(rows));
        Assert.Empty(rows.Except(code));
        Assert.Equal(code.Count, IdsInCode.Count());
    }

    [Fact]
    public void Every_row_has_a_stage_of_the_contract_and_weights_of_a_sane_size()
    {
        string[] stages = ["resolve", "connect", "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "eod", "record", "lists"];
        foreach (var row in Table.Rows)
        {
            Assert.Contains(row.Stage, stages);
            Assert.All(row.Weights, w => Assert.InRange(w, -10, 14));
            Assert.True(row.Id == SignalId.ListsUnusable || row.Weights.Any(w => w != 0), $"{row.Id} weighs nothing");
        }
    }

    [Fact]
    public void Groups_and_signals_that_other_rows_name_exist()
    {
        var ids = Table.Rows.Select(r => r.Id).ToHashSet();
        var groups = Table.Rows.Select(r => r.Group).ToHashSet();
        Assert.Subset(groups, Table.SilencedByWords.ToHashSet());
        Assert.Subset(ids, Table.Limits.SelectMany(l => l.When.Concat(l.Unless)).Concat(Table.Settling.SelectMany(s => s.Unless)).ToHashSet());
        Assert.All(Table.Limits, l => Assert.InRange(l.Confidence, 0.5, 0.899));
    }

    [Fact]
    public void Causes_that_a_limit_names_have_an_observation_that_settles_them()
    {
        foreach (var limit in Table.Limits)
            foreach (var one in limit.Between)
                foreach (var other in limit.Between)
                    Assert.True(one >= other || Table.Settling.Any(s => s.Concerns(one, other) && s.Unless.Count == 0), $"nothing settles {one} against {other}");
    }

    [Fact]
    public void A_word_that_is_no_cause_is_told()
    {
        var error = Assert.Throws<InvalidDataException>(() => SignalTable.Parse("[prior]\nip-repution = 1.0\n"));
        Assert.Equal("no cause is called \"ip-repution\"", error.Message);
    }

    [Fact]
    public void A_row_without_a_source_is_told()
    {
        var error = Assert.Throws<InvalidDataException>(() => SignalTable.Parse("[prior]\n[words]\nshare = 0.1\n[group]\nrepeated_share = 0.3\n[verdict]\nleast = 0.4\n[[signal]]\nid = \"a\"\ngroup = \"g\"\nstage = \"connect\"\n"));
        Assert.Equal("source must be a text", error.Message);
    }

    [Fact]
    public void Words_of_signals_are_plain() => Assert.All(IdsInCode, id => Assert.Matches(new Regex(@"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$"), id));
}
