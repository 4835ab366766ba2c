using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Upstreams;
using Postern.Core.WarmUp;

namespace Postern.Tests.WarmUp;

public sealed class WarmUpBookTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Start);
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-warmup-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static PosternConfig Config(string? from = null, params int[] plan) => new()
    {
        Egress = [new() { Name = "a", Address = "192.0.2.10" }, new() { Name = "b", Address = "192.0.2.11", WarmUpPlan = plan.Length > 0 ? plan : [4, 8], WarmUpFrom = from }],
    };

    private WarmUpBook Open(PosternConfig? config = null)
    {
        var book = new WarmUpBook(_time, new WarmUpFile(_folder, NullLogger.Instance));
        book.Apply(config ?? Config());
        return book;
    }

    /// <summary>Sends as much of a day as the plan allows.</summary>
    private void UseDay(WarmUpBook book, string group, int most = int.MaxValue)
    {
        for (int i = 0; i < 96 && most > 0; i++)
        {
            var run = book.For(group, "b")!;
            if (run.Held(_time.GetUtcNow()) is null)
            {
                run.Take(_time.GetUtcNow());
                run.Settle(1);
                most--;
            }
            _time.Advance(TimeSpan.FromMinutes(14));
        }
        _time.SetUtcNow(new DateTimeOffset(_time.GetUtcNow().UtcDateTime.Date.AddDays(1), TimeSpan.Zero));
    }

    private WarmUpSnapshot Of(WarmUpBook book, string group) => book.Snapshot().Runs.Single(r => r.Group == group);

    [Fact]
    public void Only_configured_addresses_are_warmed_up_and_each_group_on_its_own()
    {
        using var book = Open();
        Assert.Null(book.For("google", "a"));
        Assert.Null(book.For("google", ""));
        UseDay(book, "google");
        Assert.NotNull(book.For("microsoft", "b"));
        Assert.Equal((2, 1), (Of(book, "google").Day.Number, Of(book, "microsoft").Day.Number));
        Assert.Equal(new DateOnly(2026, 2, 1), Assert.Single(book.Snapshot().Addresses).BeganOn);
    }

    [Fact]
    public void A_pair_of_both_families_is_warmed_up_when_one_of_them_is()
    {
        using var book = Open();
        Assert.NotNull(book.For("google", "a+b"));
    }

    [Fact]
    public void It_survives_a_restart_with_the_messages_of_the_day()
    {
        using (var book = Open())
        {
            UseDay(book, "google");
            for (int i = 0; i < 3; i++)
            {
                var sends = book.For("google", "b")!;
                Assert.Null(sends.Held(_time.GetUtcNow()));
                sends.Take(_time.GetUtcNow());
                sends.Settle(1);
                _time.Advance(TimeSpan.FromHours(1));
            }
        }
        using var again = Open();
        Assert.Equal(new WarmUpDay(2, new DateOnly(2026, 2, 2), 3), Of(again, "google").Day);
        var run = again.For("google", "b")!;
        int more = 0;
        for (; run.Held(_time.GetUtcNow()) is null; more++)
        {
            run.Take(_time.GetUtcNow());
            run.Settle(1);
            _time.Advance(TimeSpan.FromHours(1));
        }
        Assert.Equal(5, more);
    }

    [Fact]
    public void What_changed_is_written_within_seconds_without_a_stop()
    {
        using var book = Open();
        var run = book.For("google", "b")!;
        run.Take(Start);
        run.Settle(1);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Contains("\"taken\": 1", File.ReadAllText(Path.Combine(_folder, "warmup.json")), StringComparison.Ordinal);
        File.Delete(Path.Combine(_folder, "warmup.json"));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(File.Exists(Path.Combine(_folder, "warmup.json")));
    }

    [Theory]
    [InlineData("{ this is not JSON")]
    [InlineData("{\"version\":1,\"addresses\":[],\"runs\":[{\"group\":\"g\",\"egress\":\"b\",\"day\":0,\"date\":\"2026-02-01\",\"taken\":1}]}")]
    public void A_damaged_file_is_set_aside_and_the_first_day_begins(string text)
    {
        File.WriteAllText(Path.Combine(_folder, "warmup.json"), text);
        using var book = Open();
        Assert.NotNull(book.For("google", "b"));
        Assert.Equal(1, Of(book, "google").Day.Number);
        Assert.Single(Directory.GetFiles(_folder, "warmup.json.damaged-*"));
    }

    [Fact]
    public void When_one_group_has_taken_the_whole_plan_no_new_ones_begin_and_those_under_way_go_on()
    {
        using var book = Open();
        UseDay(book, "microsoft");
        book.For("small.example", "b");
        UseDay(book, "google");
        UseDay(book, "google");
        _time.Advance(TimeSpan.FromSeconds(15));
        var held = book.For("google", "b");
        Assert.Null(held);
        Assert.Null(book.For("new.example", "b"));
        Assert.Null(book.For("small.example", "b"));
        Assert.NotNull(book.For("microsoft", "b"));
        Assert.Equal((new DateOnly(2026, 2, 4), new DateOnly(2026, 2, 4)), (Of(book, "google").DoneOn!.Value, book.Snapshot().Addresses[0].WarmSince!.Value));
        Assert.Equal(2, Of(book, "microsoft").Day.Number);
    }

    [Fact]
    public void A_rest_steps_it_back_once()
    {
        using var book = Open();
        UseDay(book, "google");
        book.For("google", "b")!.Held(_time.GetUtcNow());
        var rest = new EgressRest("google", "google", "b", _time.GetUtcNow(), _time.GetUtcNow(), "554 listed", IPAddress.Parse("192.0.2.11"), [], null, 1);
        book.TurnedAway(rest);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal((1, WarmUpTurn.StepBack), (Of(book, "google").Day.Number, Of(book, "google").LastTurn));
        UseDay(book, "google");
        Assert.Equal(2, Of(book, "google").Day.Number);
        book.For("google", "b")!.Held(_time.GetUtcNow());
        // The same rest is told again when a list is found for it.
        book.TurnedAway(rest with { Lists = ["zen.spamhaus.org"] });
        Assert.False(Of(book, "google").Day.IsTurnedAway);
    }

    [Fact]
    public void Left_out_of_the_configuration_and_back_it_goes_on_where_it_was()
    {
        using var book = Open();
        UseDay(book, "google");
        var run = book.For("google", "b")!;
        book.Apply(new PosternConfig { Egress = [new() { Name = "b", Address = "192.0.2.11" }] });
        Assert.Null(book.For("google", "b"));
        for (int i = 0; i < 100; i++) Assert.Null(run.Held(_time.GetUtcNow()));
        Assert.Empty(book.Snapshot().Addresses);
        book.Apply(Config());
        Assert.Equal(2, Of(book, "google").Day.Number);
        Assert.Same(run, book.For("google", "b"));
    }

    [Fact]
    public void A_later_day_to_begin_begins_anew_and_the_same_one_does_not()
    {
        using (var book = Open()) UseDay(book, "google");
        using (var book = Open(Config("2026-02-01")))
            Assert.Equal(2, Of(book, "google").Day.Number);
        using var anew = Open(Config("2026-02-02"));
        Assert.Empty(anew.Snapshot().Runs);
        UseDay(anew, "google", most: 1);
        Assert.Equal((1, new DateOnly(2026, 2, 2)), (Of(anew, "google").Day.Number, anew.Snapshot().Addresses[0].BeganOn!.Value));
    }

    [Fact]
    public void What_saw_no_mail_for_a_month_is_let_go_and_whoever_still_holds_it_begins_anew()
    {
        using var book = Open();
        UseDay(book, "google");
        var run = book.For("google", "b")!;
        Assert.Null(run.Held(_time.GetUtcNow()));
        _time.Advance(TimeSpan.FromDays(31.5));
        Assert.Empty(book.Snapshot().Runs);
        Assert.Null(run.Held(_time.GetUtcNow()));
        Assert.Equal((1, WarmUpTurn.Restart), (Of(book, "google").Day.Number, Of(book, "google").LastTurn));
    }

    [Fact]
    public void The_number_of_groups_is_bounded_and_those_that_have_come_furthest_stay()
    {
        using var book = Open();
        UseDay(book, "google");
        for (int i = 0; i < WarmUpBook.Most + 10; i++) book.For($"g{i}.example", "b");
        book.Tend();
        Assert.Equal(WarmUpBook.Most, book.Snapshot().Runs.Count);
        Assert.Equal(2, Of(book, "google").Day.Number);
    }

    [Fact]
    public void Before_its_day_nothing_begins_and_days_without_mail_are_not_told_as_repeated()
    {
        using var book = Open(Config("2026-02-03"));
        UseDay(book, "google");
        Assert.Null(Assert.Single(book.Snapshot().Addresses).BeganOn);
        _time.SetUtcNow(Start.AddDays(2));
        Assert.Equal((1, WarmUpTurn.None), (Of(book, "google").Day.Number, Of(book, "google").LastTurn));
        UseDay(book, "google");
        Assert.Equal((2, new DateOnly(2026, 2, 3)), (Of(book, "google").Day.Number, book.Snapshot().Addresses[0].BeganOn!.Value));
        _time.Advance(TimeSpan.FromDays(3));
        Assert.Null(book.For("google", "b")!.Held(_time.GetUtcNow()));
        Assert.Equal((2, WarmUpTurn.Advance), (Of(book, "google").Day.Number, Of(book, "google").LastTurn));
    }

    [Fact]
    public void A_restart_brings_no_burst()
    {
        for (int i = 0; i < 5; i++)
        {
            using var book = Open();
            var run = book.For("google", "b")!;
            while (run.Held(_time.GetUtcNow()) is null)
            {
                run.Take(_time.GetUtcNow());
                run.Settle(1);
            }
        }
        using var last = Open();
        Assert.Equal(2, Of(last, "google").Day.Taken);
    }
}
