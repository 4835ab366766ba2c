using System.Text;
using Postern.Core.Configuration;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Submission;

public sealed class PriorityTests
{
    [Theory]
    [InlineData("MT-Priority: 3\r\n", PriorityHeader.Follow, 3)]
    [InlineData("mt-priority : -9 (later)\r\nPriority: urgent\r\n", PriorityHeader.Follow, -9)]
    [InlineData("MT-Priority: 12\r\n", PriorityHeader.Follow, 0)]
    [InlineData("Priority: Urgent\r\n", PriorityHeader.Follow, 4)]
    [InlineData("Priority: Urgent\r\n", PriorityHeader.Lower, 0)]
    [InlineData("Priority: non-urgent\r\n", PriorityHeader.Lower, -4)]
    [InlineData("X-Priority: 1 (Highest)\r\n", PriorityHeader.Follow, 4)]
    [InlineData("X-Priority: 1\r\nPrecedence: bulk\r\n", PriorityHeader.Follow, -4)]
    [InlineData("Subject: x\r\nPrecedence: list\r\n", PriorityHeader.Lower, -2)]
    [InlineData("Precedence: junk\r\n", PriorityHeader.Ignore, 0)]
    [InlineData("Subject: x\r\n\r\nPrecedence: bulk\r\n", PriorityHeader.Lower, 0)]
    [InlineData("Subject: x\r\n Precedence: bulk\r\n", PriorityHeader.Lower, 0)]
    public async Task The_header_says_the_priority_where_MAIL_does_not(string header, PriorityHeader mode, int expected)
    {
        foreach (int piece in (int[])[int.MaxValue, 7, 1])
        {
            var fixture = new HandlerFixture(HandlerFixture.Defaults with { Delivery = new() { PriorityHeader = mode } });
            await fixture.SendAsync(header + "\r\ntext\r\n", piece);
            Assert.Equal(expected, fixture.Store.Committed.Single().Envelope.Priority);
        }
    }

    [Fact]
    public async Task What_MAIL_asks_for_counts_before_the_header()
    {
        var fixture = new HandlerFixture(Config(PriorityHeader.Follow));
        Assert.StartsWith("250 2.0.0 ", await SendAsync(fixture, 2, "Precedence: bulk\r\n\r\n"), StringComparison.Ordinal);
        Assert.Equal(2, fixture.Store.Committed.Single().Envelope.Priority);
    }

    [Fact]
    public async Task A_users_own_priority_stands_where_neither_says_one()
    {
        var fixture = new HandlerFixture(Config(PriorityHeader.Lower));
        fixture.Session.User = "app";
        await SendAsync(fixture, null, "Subject: x\r\n\r\n");
        await SendAsync(fixture, null, "Precedence: bulk\r\n\r\n");
        await SendAsync(fixture, null, "MT-Priority: 9\r\n\r\n");
        Assert.Equal([1, -4, 1], fixture.Store.Committed.Select(c => c.Envelope.Priority));
    }

    [Fact]
    public async Task More_than_a_client_may_ask_for_is_lowered_and_the_reply_says_so()
    {
        var fixture = new HandlerFixture(Config(PriorityHeader.Follow));
        Assert.Matches("^250 2.3.6 5 is the priority of this message, the highest that you may ask for; queued as ", await SendAsync(fixture, 9, "\r\n"));
        fixture.Session.User = "app";
        Assert.Matches("^250 2.3.6 3 is the priority", await SendAsync(fixture, 9, "\r\n"));
        Assert.StartsWith("250 2.0.0 ", await SendAsync(fixture, 3, "\r\n"), StringComparison.Ordinal);
        await SendAsync(fixture, null, "Priority: urgent\r\n\r\n");
        Assert.Equal([5, 3, 3, 3], fixture.Store.Committed.Select(c => c.Envelope.Priority));
    }

    private static PosternConfig Config(PriorityHeader mode) => HandlerFixture.Defaults with
    {
        Access = new() { MaxPriority = 5 },
        User = [new UserConfig { Name = "app", Password = new Secret("x", ""), Priority = 1, MaxPriority = 3 }],
        Delivery = new() { PriorityHeader = mode },
    };

    private static async Task<string> SendAsync(HandlerFixture fixture, int? priority, string text)
    {
        await fixture.Handler.MailAsync(fixture.Session, new MailCommand(new MailPath("a@example.org"), MtPriority: priority), default);
        await fixture.RcptAsync("b@example.net");
        var body = (await fixture.Handler.BeginBodyAsync(fixture.Session, default)).Body!;
        await body.WriteAsync(Encoding.ASCII.GetBytes(text), default);
        return (await body.CompleteAsync(default)).ToString();
    }
}
