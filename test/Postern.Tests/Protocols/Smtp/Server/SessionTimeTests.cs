using Microsoft.Extensions.Time.Testing;
using Postern.Protocols.Smtp;
using static Postern.Tests.Protocols.Smtp.Server.Wire;

namespace Postern.Tests.Protocols.Smtp.Server;

public class SessionTimeTests
{
    private static readonly SessionOptions Options = WireRun.Options with { IdleTimeout = TimeSpan.FromMinutes(5), TransactionTimeout = TimeSpan.FromHours(1), SessionTimeout = TimeSpan.FromHours(2) };
    private readonly FakeTimeProvider _time = new();
    private readonly ScriptedHandler _handler = new();

    [Theory]
    [InlineData("", Greeting)]
    [InlineData("NO", Greeting)]
    [InlineData(Open, Opened)]
    [InlineData(Open + "DATA\r\nSubject", Opened + Go)]
    [InlineData(OpenExtended + "BDAT 9\r\nx", OpenedExtended)]
    public Task Silence_ends_a_session(string wire, string said) => Ends(wire, said, Options, Options.IdleTimeout, "421 4.4.2 Nothing heard for too long; closing\r\n");

    [Theory]
    [InlineData(Open, Opened)]
    [InlineData(Open + "DATA\r\nSubject", Opened + Go)]
    [InlineData(OpenExtended + "BDAT 1\r\nx", OpenedExtended + ChunkOk)]
    public Task A_transaction_has_a_limit_of_its_own(string wire, string said) => Ends(
        wire, said, Options with { IdleTimeout = TimeSpan.FromHours(9) }, Options.TransactionTimeout, "421 4.4.2 The transaction took too long; closing\r\n");

    [Theory]
    [InlineData("", Greeting)]
    [InlineData(Open + "RSET\r\n", Opened + Ok)]
    public Task A_session_has_a_limit_of_its_own(string wire, string said) => Ends(
        wire, said, Options with { IdleTimeout = TimeSpan.FromHours(9) }, Options.SessionTimeout, "421 4.4.2 The session took too long; closing\r\n");

    [Fact]
    public async Task A_client_that_takes_no_reply_is_cut_off()
    {
        var stream = new ScriptStream([]) { StaysOpen = true, TakesNothing = true };
        var (session, run) = Begin(stream, Options);
        After(session, Options.IdleTimeout);
        Assert.False(run.IsCompleted);
        After(session, TimeSpan.FromSeconds(1));
        await run.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(["end"], _handler.Calls);
    }

    [Fact]
    public async Task A_client_that_takes_not_even_the_last_reply_is_cut_off_soon()
    {
        var stream = new ScriptStream([]) { StaysOpen = true };
        var (session, run) = Begin(stream, Options);
        stream.TakesNothing = true;
        After(session, Options.IdleTimeout + TimeSpan.FromSeconds(1));
        await stream.Blocked.WaitAsync(TimeSpan.FromSeconds(10));
        After(session, TimeSpan.FromSeconds(10));
        Assert.False(run.IsCompleted);
        After(session, TimeSpan.FromSeconds(1));
        await run.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_stop_ends_what_is_idle_and_waits_for_a_transaction()
    {
        var stream = new ScriptStream([WireRun.Bytes("HELO c.test\r\n")]) { StaysOpen = true };
        var (session, run) = Begin(stream, Options);
        session.RequestStop();
        await run.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(Start + "421 4.3.2 The server is stopping; try again later\r\n", string.Concat(stream.Writes));

        stream = new ScriptStream([WireRun.Bytes(Open)]) { StaysOpen = true };
        (session, run) = Begin(stream, Options);
        session.RequestStop();
        Assert.False(run.IsCompleted);
        Assert.Equal(Opened, string.Concat(stream.Writes));
        After(session, Options.IdleTimeout + TimeSpan.FromSeconds(1));
        await run.WaitAsync(TimeSpan.FromSeconds(10));
    }

    private async Task Ends(string wire, string said, SessionOptions options, TimeSpan limit, string reply)
    {
        var stream = new ScriptStream([WireRun.Bytes(wire)]) { StaysOpen = true };
        var (session, run) = Begin(stream, options);
        After(session, limit);
        Assert.False(run.IsCompleted);
        Assert.Equal(said, string.Concat(stream.Writes));
        After(session, TimeSpan.FromSeconds(1));
        await run.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(said + reply, string.Concat(stream.Writes));
        Assert.Equal("end", _handler.Calls[^1]);
        Assert.Empty(_handler.Bodies);
        Assert.Equal(SessionPhase.Closed, session.Phase);
    }

    /// <summary>All that the client says is read before this returns: nothing in between waits.</summary>
    private (SmtpServerSession Session, Task Run) Begin(ScriptStream stream, SessionOptions options)
    {
        var session = new SmtpServerSession(stream, WireRun.Context(), options, _handler, _time);
        return (session, session.RunAsync(default));
    }

    private void After(SmtpServerSession session, TimeSpan time)
    {
        _time.Advance(time);
        session.CheckDeadlines(_time.GetTimestamp());
    }
}
