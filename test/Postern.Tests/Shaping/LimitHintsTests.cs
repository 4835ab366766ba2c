using Postern.Core.Shaping;

namespace Postern.Tests.Shaping;

public sealed class LimitHintsTests
{
    [Theory]
    [InlineData("421 4.7.0 mx.example.com Error: too many connections from 192.0.2.1", "Concurrency", 0)]
    [InlineData("421 Too many concurrent SMTP connections from this IP address; please try again later.", "Concurrency", 0)]
    [InlineData("451 4.7.652 The mail server [192.0.2.1] has exceeded the maximum number of connections. (S3115)", "Concurrency", 0)]
    [InlineData("432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending", "Concurrency", 0)]
    [InlineData("421 mwinf5c79 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR005_104 [104]", "Concurrency", 0)]
    [InlineData("421 - [Too many sessions opened]", "Concurrency", 0)]
    [InlineData("421 4.3.2 Connection rate limit exceeded.", "ConnectionRate", 0)]
    [InlineData("421 4.7.0 mx.example.com Error: too many new TLS sessions from 192.0.2.1", "ConnectionRate", 0)]
    [InlineData("421 Max message per connection reached, closing transmission channel", "SessionLength", 0)]
    [InlineData("421 too many messages in this connection", "SessionLength", 0)]
    [InlineData("454 Throttling failure: Maximum sending rate exceeded.", "MessageRate", 0)]
    [InlineData("454 Throttling failure: Daily message quota exceeded.", "MessageRate", 1440)]
    [InlineData("550 This IP has sent too many messages this hour. IB504", "MessageRate", 60)]
    [InlineData("421-4.7.28 [192.0.2.1 15] Our system has detected an unusual rate of\n421-4.7.28 unsolicited mail originating from your IP address.", "MessageRate", 0)]
    [InlineData("452 4.1.1 <user@example.com> too many recent messages; Try again later", "MessageRate", 0)]
    [InlineData("421 4.7.1 Messages to user@example.com deferred due to excessive volume. Try again later", "MessageRate", 0)]
    [InlineData("450-4.2.1 The user you are trying to contact is receiving mail at a rate that\n450-4.2.1 prevents additional messages from being delivered.", "None", 0)]
    [InlineData("554 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour.", "None", 0)]
    [InlineData("450 4.2.0 <user@example.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/", "None", 0)]
    [InlineData("550 5.1.1 <user@example.com>: Recipient address rejected: User unknown in local recipient table", "None", 0)]
    [InlineData("452 4.2.2 The email account that you tried to reach is over quota", "None", 0)]
    [InlineData("452 4.5.3 Too many recipients", "None", 0)]
    [InlineData("451 4.7.1 Try again later", "None", 0)]
    [InlineData("", "None", 0)]
    public void The_words_of_a_reply_name_the_limit(string reply, string kind, int minutes)
    {
        var hint = LimitHints.Of(reply);
        Assert.Equal(kind, hint.Kind.ToString());
        Assert.Equal(minutes == 0 ? null : TimeSpan.FromMinutes(minutes), hint.Window);
    }
}
