using System.Net;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Upstreams;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Upstreams;

public sealed class AddressHealthTests
{
    private static readonly IPEndPoint A = new(IPAddress.Parse("192.0.2.1"), 25), B = new(IPAddress.Parse("192.0.2.2"), 25), C = new(IPAddress.Parse("192.0.2.3"), 25);
    private static readonly IPEndPoint Six = new(IPAddress.Parse("2001:db8::1"), 25);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly AddressHealth _health;

    public AddressHealthTests() => _health = new AddressHealth(_time);

    private static ConnectTry Try(IPEndPoint address, FailureKind? kind, double ms = 10) => new(address.Address.ToString(), address.Port, null, kind?.ToString(), ms, kind);

    private AddressTry Open(IPEndPoint[] addresses, params ConnectTry[] tries)
    {
        var opening = _health.Begin(addresses, "");
        _health.End(opening, tries, isOurs: false);
        return opening;
    }

    private IReadOnlyList<IPEndPoint> Order(params IPEndPoint[] addresses) => Open(addresses).Addresses;

    [Fact]
    public void An_address_that_did_not_answer_is_left_out_while_there_are_others_and_tried_again_by_one_at_growing_intervals()
    {
        Open([A, B], Try(A, FailureKind.TimedOut), Try(B, null));
        var waits = new List<double>();
        for (int i = 0; i < 7; i++)
        {
            var begun = _time.GetUtcNow();
            while (Order(A, B).Count == 1) _time.Advance(TimeSpan.FromSeconds(1));
            waits.Add((_time.GetUtcNow() - begun).TotalSeconds);
            var probe = _health.Begin([A, B], "");
            Assert.Equal([A, B], probe.Addresses);
            Assert.Equal([B], Order(A, B));
            _health.End(probe, [Try(A, FailureKind.TimedOut), Try(B, null)], isOurs: false);
        }
        Assert.Equal([30, 60, 120, 240, 480, 900, 900], waits);
        _time.Advance(TimeSpan.FromMinutes(15));
        Open([B, A], Try(A, null));
        Assert.Equal([B, A], Order(B, A));
        Assert.Equal(0, _health.Count);
    }

    [Fact]
    public void An_address_that_is_all_there_is_is_tried_whenever_the_gate_lets_a_session_through()
    {
        Open([A], Try(A, FailureKind.ConnectionRefused));
        Assert.Equal([A], Order(A));
        Open([B], Try(B, FailureKind.ConnectionRefused));
        Assert.Equal([A, B], Order(A, B));
    }

    [Fact]
    public void What_another_egress_address_meets_is_another_matter()
    {
        Open([A, B], Try(A, FailureKind.TimedOut));
        Assert.Equal([A, B], _health.Begin([A, B], "other").Addresses);
    }

    [Fact]
    public void Nobody_joins_a_wait_of_more_than_three_seconds()
    {
        var waiting = _health.Begin([A], "");
        Assert.Equal([A], _health.Begin([A], "").Addresses);
        _time.Advance(TimeSpan.FromSeconds(4));
        var second = _health.Begin([A], "");
        Assert.Equal((0, _time.GetUtcNow().AddSeconds(1)), (second.Addresses.Count, second.NotBefore));
        Assert.Equal([B], _health.Begin([A, B], "").Addresses);
        Assert.Equal([A], _health.Begin([A], "", force: true).Addresses);
        _health.End(waiting, [Try(A, null)], isOurs: false);
        Assert.Equal([A], _health.Begin([A], "").Addresses);
    }

    [Fact]
    public void One_that_lost_its_head_start_goes_last_but_stays_in_the_race()
    {
        Open([A, B, C], Try(A, FailureKind.Cancelled, 300), Try(B, null, 50));
        Assert.Equal([B, C, A], Order(A, B, C));
        Open([C, B], Try(C, FailureKind.Cancelled, 60), Try(B, null, 50));
        Assert.Equal([B, C, A], Order(A, B, C));
    }

    [Fact]
    public void A_family_that_fails_everywhere_goes_last_and_is_tried_by_one_at_a_time()
    {
        for (int i = 1; i <= 3; i++) Open([new IPEndPoint(IPAddress.Parse($"2001:db8::10{i}"), 25), A], Try(new IPEndPoint(IPAddress.Parse($"2001:db8::10{i}"), 25), FailureKind.NetworkUnreachable), Try(A, null));
        Assert.Equal([A, Six], Order(Six, A));
        _time.Advance(TimeSpan.FromSeconds(31));
        var probe = _health.Begin([Six, A], "");
        Assert.Equal([Six, A], probe.Addresses);
        Assert.Equal([A, Six], Order(Six, A));
        _health.End(probe, [Try(Six, null)], isOurs: false);
        Assert.Equal([Six, A], Order(Six, A));
    }

    [Fact]
    public void A_limit_and_our_own_trouble_say_nothing_of_the_address()
    {
        var opening = _health.Begin([A, B], "");
        _health.End(opening, [Try(A, FailureKind.TimedOut)], isOurs: true);
        Open([B], Try(B, FailureKind.LocalError));
        Assert.Equal([A, B], Order(A, B));
    }

    [Fact]
    public void What_is_remembered_is_bounded_and_forgotten()
    {
        for (int i = 0; i < AddressHealth.Most + 100; i++)
        {
            var address = new IPEndPoint(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), 25);
            Open([address], Try(address, FailureKind.TimedOut));
        }
        Assert.Equal(AddressHealth.Most, _health.Count);
        _time.Advance(TimeSpan.FromHours(2));
        _health.Sweep();
        Assert.Equal(0, _health.Count);
    }
}
