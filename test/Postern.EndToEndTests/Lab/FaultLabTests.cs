using Postern.EndToEndTests.Relay;
using Postern.Lab.Net;
using Postern.Lab.Running;
using Postern.Lab.Scenarios;

namespace Postern.EndToEndTests.Lab;

/// <summary>A few scenarios of the fault lab, quick ones of different kinds; lab/run.sh runs them all.</summary>
public sealed class FaultLabTests
{
    private static readonly string? Reason = RunningLab.Missing;

    /// <summary>The files themselves: no root is needed to see that they can be read.</summary>
    [Fact]
    public void Every_scenario_can_be_read_and_every_cause_but_unknown_has_one()
    {
        var scenarios = ScenarioReader.ReadFolder(Folder);
        Assert.True(scenarios.Count >= 80, $"{scenarios.Count} scenarios");
        string[] without = [.. Postern.Diagnosis.Causes.CauseTable.All.Select(c => c.Name).Where(c => c != "unknown").Except(scenarios.Select(s => s.Cause))];
        Assert.True(without.Length == 0, "no scenario for: " + string.Join(", ", without));
        Assert.All(scenarios, s => Assert.All((string[])[s.Cause, .. s.Also, .. s.Named], c => Assert.True(c == "none" || Postern.Diagnosis.Causes.CauseTable.TryParse(c, out _), $"{s.Id}: no cause is called {c}")));
        string signals = File.ReadAllText(Path.Combine(Folder, "../../knowledge/signals.toml"));
        Assert.All(scenarios, s => Assert.All(s.Evidence.SelectMany(e => e.Ids), i => Assert.True(i.EndsWith(".*", StringComparison.Ordinal) || signals.Contains($"id = \"{i}\"", StringComparison.Ordinal), $"{s.Id}: no signal is called {i}")));
        Assert.All(scenarios, s => Assert.All(s.Truth, t => Postern.Lab.Truth.TruthLine.Parse(t)));
        Assert.All(scenarios, s => Assert.All(s.Peers.SelectMany(p => p.Rules), r => PeerRule.Parse(r)));
        Assert.All(scenarios, s => Assert.All(s.Nft.Values, rules => Firewall.Ruleset(rules)));
        Assert.True(scenarios.Count(s => s.Cause == "none") >= 10, "fewer than ten healthy destinations");
    }

    [Theory]
    [InlineData("firewall-host-icmp-admin-our-address")]
    [InlineData("path-middle-rst-25")]
    [InlineData("mx-dnssec-bad-signature")]
    [InlineData("listed-one-list-554")]
    [InlineData("rate-421-concurrent")]
    [InlineData("down-daemon-stopped")]
    [InlineData("recipient-unknown-while-others-pass")]
    [InlineData("healthy-distant")]
    public async Task The_fault_is_there_as_it_is_described(string id)
    {
        Skip.When(Reason);
        using var gate = new SemaphoreSlim(1);
        var (failures, _) = await ScenarioRun.ProveAsync(Find(id), gate, TestContext.Current.CancellationToken);
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [Fact]
    public async Task A_lab_takes_all_of_itself_away_and_a_sweep_spares_those_that_live()
    {
        Skip.When(Reason);
        string prefix;
        await using (var lab = await RunningLab.StartAsync(Find("healthy-plain"), TestContext.Current.CancellationToken))
        {
            prefix = lab.Net.Prefix;
            await StaleLabs.SweepAsync();
            Assert.NotEmpty(Directory.GetFiles("/run/netns", prefix + ".*"));
            Assert.Empty(await lab.TruthFailuresAsync(TestContext.Current.CancellationToken));
        }
        Assert.Empty(Directory.GetFiles("/run/netns", prefix + ".*"));
    }

    private static Scenario Find(string id) => ScenarioReader.ReadFolder(Folder).Single(s => s.Id == id);

    private static string Folder
    {
        get
        {
            string folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Postern.slnx"))) folder = Path.GetDirectoryName(folder)!;
            return Path.Combine(folder, "lab/scenarios");
        }
    }
}
