using System.Net;
using CsCheck;
using Postern.Core.Submission;

namespace Postern.Tests.Submission;

public sealed class NetworkSetTests
{
    [Theory]
    [InlineData("192.0.2.0/24", "192.0.2.255", true)]
    [InlineData("192.0.2.0/24", "192.0.3.0", false)]
    [InlineData("192.0.2.0/24", "::ffff:192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.8", false)]
    [InlineData("0.0.0.0/0", "203.0.113.1", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("2001:db8::/32", "2001:db8:ffff::1", true)]
    [InlineData("2001:db8::/32", "2001:db9::1", false)]
    [InlineData("::1/128", "127.0.0.1", false)]
    [InlineData("::ffff:192.0.2.0/120", "192.0.2.1", true)]
    public void Contains_what_the_prefix_says(string network, string address, bool expected) =>
        Assert.Equal(expected, NetworkSet.Parse([network]).Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("192.0.2.1/24")]
    [InlineData("192.0.2.0/33")]
    [InlineData("2001:db8::1/32")]
    [InlineData("192.0.2.0/ 24")]
    [InlineData("example.org")]
    public void What_is_no_network_is_named(string text)
    {
        var e = Assert.Throws<FormatException>(() => NetworkSet.Parse([text]));
        Assert.StartsWith($"'{text}' is not a network", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Overlapping_networks_find_the_same_as_each_alone() => Gen.Select(Gen.UInt, Gen.Int[0, 32]).List[1, 8].Select(Gen.UInt).Sample((networks, probe) =>
    {
        string[] texts = [.. networks.Select(n => $"{new IPAddress(Swap(n.Item2 == 0 ? 0 : n.Item1 & uint.MaxValue << (32 - n.Item2)))}/{n.Item2}")];
        var address = new IPAddress(Swap(probe));
        return NetworkSet.Parse(texts).Contains(address) == texts.Any(t => NetworkSet.Parse([t]).Contains(address));
    });

    private static uint Swap(uint value) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);
}
