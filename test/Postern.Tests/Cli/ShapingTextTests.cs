using Microsoft.Extensions.Time.Testing;
using Postern.Api;
using Postern.Cli;

namespace Postern.Tests.Cli;

/// <summary>What a person reads of limits, rests and warm-ups, on a terminal of 80 columns.</summary>
public sealed class ShapingTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 2, 4, 12, 0, 0, TimeSpan.Zero);

    private static readonly RestContract Rest = new()
    {
        Upstream = "yahoo",
        Egress = "b",
        Address = "192.0.2.11",
        Since = Now.AddHours(-2),
        Until = Now.AddMinutes(12),
        Because = "554 5.7.1 Service unavailable; Client host [192.0.2.11] blocked using zen.spamhaus.org",
        Lists = ["zen.spamhaus.org"],
        Refusals = 5,
    };

    private static LaneContract Lane(string upstream, string? egress, int sent = 0, double? allowed = null, params LearnedContract[] learned) =>
        new() { Upstream = upstream, Egress = egress, Sessions = 2, SessionsAllowed = 6, MessagesLastMinute = sent, MessagesPerMinuteAllowed = allowed, Learned = learned };

    private static string Print(UpstreamsContract answer, bool all = false)
    {
        var text = new StringWriter();
        var output = new Output(text, TextWriter.Null, isTerminal: true);
        output.Ansi.Profile.Width = 80;
        new UpstreamsText(output, Now).Print(answer, all);
        string printed = text.ToString().ReplaceLineEndings("\n");
        Assert.All(printed.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
        return string.Join('\n', printed.Split('\n').Select(l => l.TrimEnd()));
    }

    private static UpstreamContract Upstream(string name, string state = "up", string? group = null, long? waiting = null) =>
        new() { Name = name, Address = waiting is null ? name : "smtp.example.com:587", State = state, Sessions = 2, Group = group ?? name, Waiting = waiting };

    [Fact]
    public void All_well_is_a_line_for_each_configured_upstream_and_one_for_the_rest()
    {
        var answer = new UpstreamsContract([Upstream("provider", waiting: 3), Upstream("mx1.example.org:25", group: "mx1.example.org"), Upstream("mx.google.test:25", group: "google")])
        {
            Groups = [new() { Name = "provider", Members = ["provider"], Lanes = [Lane("provider", null, 118, 120)], Rests = [] }, new() { Name = "google", Members = ["mx.google.test:25"], Lanes = [Lane("google", "a", 30)], Rests = [] }],
        };
        Assert.Equal("""
            upstream  address               state  sessions  sent/min    waiting
            provider  smtp.example.com:587  up     2 of 6    118 of 120  3

            2 providers and sets of mail exchangers are well; --all shows them

            """.ReplaceLineEndings("\n"), Print(answer));
        Assert.Contains("google           mx.google.test:25     up", Print(answer, all: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Trouble_and_what_was_learned_stand_below_in_words()
    {
        var lesson = new LearnedContract("messages", 120, "1m", Now.AddHours(-2), "a message was refused with \"421 4.7.0 Too many messages\" after 121 in a minute: at most 120 in a minute from now, sent evenly; a little more is tried in 10 minutes");
        var answer = new UpstreamsContract(
        [
            Upstream("provider", "down", waiting: 1204) with { Since = Now.AddMinutes(-3), NextProbe = Now.AddSeconds(4), LastProblem = "connect: timed out" },
            Upstream("mta5.yahoo.test:25 from b", group: "yahoo"), Upstream("mta6.yahoo.test:25", group: "yahoo") with { Ejection = new(Now.AddSeconds(-10), Now.AddSeconds(20), 1, "9 of 10 attempts failed there in the last minute") },
        ])
        {
            Groups = [new() { Name = "yahoo", Members = [], Lanes = [Lane("yahoo", "a", 60, 120, lesson), Lane("yahoo", "b")], Rests = [Rest] }],
        };
        Assert.Equal("""
            upstream  address               state  sessions  sent/min  waiting
            provider  smtp.example.com:587  down   2                   1204
            yahoo     2 hosts               up     4 of 12   60

            provider
              down for 3m, next try in 4s: connect: timed out

            yahoo
              mta6.yahoo.test:25 out of its turn for 20s more, 10s ago: 9 of 10 attempts
                failed there in the last minute
              b (192.0.2.11) turned away for 2h, next try in 12m: 554 5.7.1 Service
                unavailable; Client host [192.0.2.11] blocked using zen.spamhaus.org (listed
                by zen.spamhaus.org)
              from a: learned 2h ago: a message was refused with "421 4.7.0 Too many
                messages" after 121 in a minute: at most 120 in a minute from now, sent
                evenly; a little more is tried in 10 minutes

            """.ReplaceLineEndings("\n"), Print(answer));
    }

    [Fact]
    public void The_progress_of_a_warm_up_is_a_line_for_each_provider()
    {
        static WarmUpDayContract Day(string upstream, int day, int taken, int allowed, string turn = "advance", DateTimeOffset? next = null) => new() { Upstream = upstream, Day = day, Taken = taken, Allowed = allowed, Turn = turn, Held = next is not null, NextAt = next };
        var answer = new EgressesContract(
        [
            new() { Name = "a", Addresses = ["192.0.2.10"], Hello = "a.relay.example.net", Used = true, Lanes = [Lane("google", "a", 340)], Rests = [] },
            new()
            {
                Name = "b", Addresses = ["192.0.2.11"], Hello = "b.relay.example.net", Used = true, Lanes = [Lane("google", "b", 2)], Rests = [Rest],
                WarmUp = new()
                {
                    Plan = "standard", Days = 14, BeganOn = new(2026, 2, 1), Waiting = 1204,
                    Providers = [Day("google", 4, 312, 1000), Day("microsoft", 2, 40, 100, "step_back", Now.AddMinutes(9)), Day("mx1.example.org,mx2.example.org", 1, 3, 50, "repeat")],
                },
            },
            new() { Name = "c", Addresses = ["192.0.2.12"], Hello = "c.relay.example.net", Used = false, Lanes = [], Rests = [] },
        ]);
        var text = new StringWriter();
        var output = new Output(text, TextWriter.Null, isTerminal: true);
        output.Ansi.Profile.Width = 80;
        new EgressText(output, Now).Print(answer, all: false);
        string printed = string.Join('\n', text.ToString().ReplaceLineEndings("\n").Split('\n').Select(l => l.TrimEnd()));
        Assert.All(printed.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.Equal("""
            egress  address     says                 state             sessions  sent/min
            a       192.0.2.10  a.relay.example.net  in use            2         340
            b       192.0.2.11  b.relay.example.net  turned away by 1  2         2
            c       192.0.2.12  c.relay.example.net  no route uses it  0         0

            b
              yahoo turned away for 2h, next try in 12m: 554 5.7.1 Service unavailable;
                Client host [192.0.2.11] blocked using zen.spamhaus.org (listed by
                zen.spamhaus.org)
              warming up since 2026-02-01 by the 14 days of the plan "standard"
              upstream            day      today        next   note
              google              4 of 14  312 of 1000  now
              microsoft           2 of 14  40 of 100    in 9m  a day back: turned away
              mx1.example.org +1  1 of 14  3 of 50      now    again: too little sent
              1204 messages wait for the plan, because no other address may take them: add
                one that providers know to the route's egress, or allow more with
                warm_up_plan

            """.ReplaceLineEndings("\n"), printed);
    }
}
