using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Diagnoses;
using Xunit;

namespace Postern.Tests.Diagnoses;

public sealed class AddressStandingsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task The_lists_are_asked_once_however_often_somebody_looks_in_a_while()
    {
        int asked = 0;
        var standings = new AddressStandings((_, _, _) => { asked++; return Task.FromResult<IReadOnlyList<Postern.Diagnosis.Evidence.BlocklistFact>>([]); }, _time);
        var address = IPAddress.Parse("192.0.2.1");
        Assert.Null(standings.Of(address));

        var first = await standings.LookAsync(address, TestContext.Current.CancellationToken);
        Assert.Same(first, await standings.LookAsync(address, TestContext.Current.CancellationToken));
        _time.Advance(AddressStandings.Fresh);
        Assert.NotSame(first, await standings.LookAsync(address, TestContext.Current.CancellationToken));
        Assert.Equal(2, asked);
        Assert.Equal(_time.GetUtcNow(), standings.Of(address)!.At);
    }

    [Fact]
    public async Task The_oldest_makes_room()
    {
        var standings = new AddressStandings((_, _, _) => Task.FromResult<IReadOnlyList<Postern.Diagnosis.Evidence.BlocklistFact>>([]), _time);
        for (int i = 0; i <= AddressStandings.Most; i++)
        {
            await standings.LookAsync(IPAddress.Parse($"192.0.2.{i}"), TestContext.Current.CancellationToken);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Null(standings.Of(IPAddress.Parse("192.0.2.0")));
        Assert.NotNull(standings.Of(IPAddress.Parse("192.0.2.1")));
    }
}
