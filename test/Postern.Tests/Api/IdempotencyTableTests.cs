using Microsoft.Extensions.Time.Testing;
using Postern.Api;

namespace Postern.Tests.Api;

public sealed class IdempotencyTableTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_second_request_waits_for_the_first_and_gets_its_answer()
    {
        var table = new IdempotencyTable<string>(_time);
        Assert.Equal(KeyUse.First, table.Begin("k", "r", out _));
        Assert.Equal(KeyUse.Repeated, table.Begin("k", "r", out var first));
        Assert.False(first!.IsCompleted);
        table.Complete("k", "done");
        Assert.Equal("done", await first);
        Assert.Equal(KeyUse.Other, table.Begin("k", "another", out _));
    }

    [Fact]
    public async Task A_request_that_came_to_nothing_leaves_its_key_free()
    {
        var table = new IdempotencyTable<string>(_time);
        table.Begin("k", "r", out _);
        table.Begin("k", "r", out var first);
        table.Forget("k");
        await Assert.ThrowsAsync<TaskCanceledException>(() => first!);
        Assert.Equal(KeyUse.First, table.Begin("k", "r", out _));
    }

    [Fact]
    public void Keys_are_kept_for_a_day_and_the_oldest_goes_first_when_there_are_too_many()
    {
        var table = new IdempotencyTable<string>(_time, most: 3);
        foreach (string key in (string[])["a", "b", "c"])
        {
            table.Begin(key, "r", out _);
            if (key != "a") table.Complete(key, key);
        }
        Assert.Equal(KeyUse.First, table.Begin("d", "r", out _)); // b went; a is under way
        Assert.Equal(KeyUse.Repeated, table.Begin("a", "r", out _));
        Assert.Equal(KeyUse.First, table.Begin("b", "r", out _)); // c went
        Assert.Equal(KeyUse.Full, table.Begin("e", "r", out _));
        table.Complete("a", "a");
        _time.Advance(IdempotencyTable<string>.Kept + TimeSpan.FromSeconds(1));
        Assert.Equal(KeyUse.First, table.Begin("a", "r", out _));
    }
}
