using Postern.Diagnosis.Causes;

namespace Postern.Tests.Diagnosis;

public sealed class ReplyValuesTests
{
    [Theory]
    [InlineData("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1", "Spamhaus", "zen.spamhaus.org")]
    [InlineData("554 5.7.1 Client host [192.0.2.1] blocked using bl.example.net; listed", "bl.example.net", "bl.example.net")]
    [InlineData("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Part of their network is on our block list (S3140).", "Microsoft", null)]
    [InlineData("550 5.1.1 User unknown", null, null)]
    public void The_list_is_named(string reply, string? name, string? zone)
    {
        var values = Read(reply);
        Assert.Equal(name, values.ListName);
        Assert.Equal(zone, values.ListZone);
    }

    [Theory]
    [InlineData("550 blocked using bl.spamcop.net; see it", "https://www.spamcop.net/bl.shtml")]
    [InlineData("421 4.7.0 later, see https://mx.example.net/lookup?ip=192.0.2.1.", "https://mx.example.net/lookup?ip=192.0.2.1")]
    [InlineData("554 no (http://mx.example.net/a) https://mx.example.net/errors#5", "https://mx.example.net/errors#5")]
    [InlineData("554 http:// is no page", null)]
    public void The_page_that_helps_is_given(string reply, string? url) => Assert.Equal(url, Read(reply).HelpUrl);

    [Theory]
    [InlineData("554 Client host [192.0.2.1] blocked", "192.0.2.1")]
    [InlineData("554 IP=192.0.2.1 - A problem occurred.", "192.0.2.1")]
    [InlineData("450 4.7.1 Client host rejected: cannot find your hostname, [2001:db8::25]", "2001:db8::25")]
    [InlineData("421 [192.0.2.1:51234] too many connections", "192.0.2.1")]
    [InlineData("421 4.7.0 [TSS04] Messages from 192.0.2.25 temporarily deferred - 4.16.55.1; see https://example.com/", "192.0.2.25")]
    [InlineData("554 blocked using bl.example.net: 127.0.0.2", null)]
    [InlineData("550 5.1.1 no such user", null)]
    public void Our_address_is_seen_as_the_peer_saw_it(string reply, string? address) => Assert.Equal(address, Read(reply).OurAddress);

    [Theory]
    [InlineData("450 4.2.0 Greylisted for 300 seconds", 300)]
    [InlineData("451 Temporarily deferred - try again in 5 minutes", 300)]
    [InlineData("421 Retry after 4 hours", 14400)]
    [InlineData("451 please wait 299s", 299)]
    [InlineData("450 Bitte in 10 Minuten erneut versuchen", 600)]
    [InlineData("451 4.7.1 try again later", null)]
    [InlineData("550 5.1.1 user 300 unknown", null)]
    [InlineData("451 try again in 99999999999 hours", null)]
    public void The_time_to_wait_is_read(string reply, int? seconds) =>
        Assert.Equal(seconds is { } s ? TimeSpan.FromSeconds(s) : null, Read(reply).RetryAfter);

    [Theory]
    [InlineData("421 Too many connections, the limit is 20", 20L)]
    [InlineData("452 4.5.3 Too many recipients, max 100 per message", 100L)]
    [InlineData("552 5.3.4 Message size exceeds limit of 10485760 bytes", 10485760L)]
    [InlineData("552 5.3.4 Message too large, maximum size is 25 MB", 26214400L)]
    [InlineData("421 4.7.0 Too many connections from [192.0.2.1]", null)]
    public void The_limit_is_read(string reply, long? limit) => Assert.Equal(limit, Read(reply).Limit);

    private static ReplyValues Read(string reply) => ReplyClassifier.Default.Read(new ReplyInput(reply)).Values;
}
