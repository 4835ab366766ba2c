using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Telemetry;
using Postern.Logging;

namespace Postern.Tests.Logging;

public sealed class LineLoggerTests
{
    private static string Lines(LogFormat format, Action<ILogger> write, LogLevelName level = LogLevelName.Info, string category = "Postern", TextForm form = TextForm.Full)
    {
        var stream = new MemoryStream();
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero));
        using (var provider = new LineLoggerProvider(stream, new LogConfig { Format = format, Level = level }, form, time)) write(provider.CreateLogger(category));
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    [Fact]
    public void Text_for_people_has_time_level_words_and_pairs() => Assert.Equal(
        "2026-01-02T03:04:05.678Z info  stopping signal=SIGTERM grace_s=20\n",
        Lines(LogFormat.Text, log => PosternLog.Stopping(log, "SIGTERM", 20)));

    [Fact]
    public void Json_for_machines_has_the_same_fields_typed() => Assert.Equal(
        """{"time":"2026-01-02T03:04:05.678Z","level":"info","event":"stopping","event_id":1002,"signal":"SIGTERM","grace_s":20}""" + "\n",
        Lines(LogFormat.Json, log => PosternLog.Stopping(log, "SIGTERM", 20)));

    [Theory]
    [InlineData(LogFormat.Text, "2026-01-02T03:04:05.678Z info  certificate loaded file=cert.pem subject=\"CN=x\" not_after=2026-12-27T06:48:29.000Z\n")]
    [InlineData(LogFormat.Json, """{"time":"2026-01-02T03:04:05.678Z","level":"info","event":"certificate loaded","event_id":2040,"file":"cert.pem","subject":"CN=x","not_after":"2026-12-27T06:48:29.000Z"}""" + "\n")]
    public void A_time_is_written_as_the_lines_own_is(LogFormat format, string line) => Assert.Equal(
        line, Lines(format, log => PosternLog.CertificateLoaded(log, "cert.pem", "CN=x", new DateTimeOffset(2026, 12, 27, 8, 48, 29, TimeSpan.FromHours(2)))));

    [Fact]
    public void One_event_is_one_line_whatever_a_peer_said() => Assert.Equal(
        "2026-01-02T03:04:05.678Z info  configuration applied file=\"a \\\"b\\\"\\nc\\x1b[31m\"\n",
        Lines(LogFormat.Text, log => PosternLog.ConfigApplied(log, "a \"b\"\nc\e[31m")));

    [Fact]
    public void Numbers_and_times_are_written_as_their_template_and_ISO_8601_say()
    {
        var accepted = (ILogger log) => PosternLog.MessageAccepted(log, "6h1qe8mag0000", "a@example.test", 1, 378, "127.0.0.1", null, null, "l", 18.8262);
        Assert.EndsWith(" listener=l ms=18.8\n", Lines(LogFormat.Text, accepted), StringComparison.Ordinal);
        Assert.EndsWith(",\"listener\":\"l\",\"ms\":18.8}\n", Lines(LogFormat.Json, accepted), StringComparison.Ordinal);
        var gated = (ILogger log) => PosternLog.UpstreamGated(log, "a", "connect", new DateTimeOffset(2026, 1, 2, 4, 4, 6, TimeSpan.FromHours(1)), "refused");
        Assert.Contains(" next_try=2026-01-02T03:04:06.000Z ", Lines(LogFormat.Text, gated), StringComparison.Ordinal);
        Assert.Contains("\"next_try\":\"2026-01-02T03:04:06.000Z\"", Lines(LogFormat.Json, gated), StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_terminal_an_attempt_is_its_outcome_and_what_was_said_where() => Assert.Equal(
        """
        03:04:05  delivered  6h1qe8mag0000  b@example.test  by provider  250 2.0.0 ok  64 ms, TLSv1.3
        03:04:05  deferred   6h1qe8mag0000  b@example.test  by provider  rcpt: 450 4.2.1 later  greylisted  3 ms
        03:04:05  down       provider  connect: connection refused  next try in 30s
        03:04:05  warning  authentication failed  user a\nb?[31m  client 192.0.2.1  listener l

        """.ReplaceLineEndings("\n"),
        Lines(LogFormat.Text, log =>
        {
            PosternLog.Attempted(log, default, "pool:provider", "provider", "mx[192.0.2.1]:25", "delivered", "b@example.test:delivered", "eod", "250 2.0.0 ok", null, null, 64, 378, "TLSv1.3", false);
            PosternLog.Attempted(log, default, "pool:provider", "provider", "mx[192.0.2.1]:25", "deferred", "b@example.test:deferred", "rcpt", "450 4.2.1 later", "greylisted", 0.93, 3, 378, "none", true);
            PosternLog.UpstreamGated(log, "provider", "connect", new DateTimeOffset(2026, 1, 2, 3, 4, 35, TimeSpan.Zero), "connection refused");
            PosternLog.AuthFailed(log, "a\nb\e[31m", "192.0.2.1", "l");
        }, form: TextForm.Short).Replace(default(Postern.Core.Queue.MessageId).ToString(), "6h1qe8mag0000", StringComparison.Ordinal));

    [Fact]
    public void On_a_terminal_the_banner_stands_for_the_events_of_a_start() => Assert.Equal(
        "03:04:05  listening  address a  tls none  endpoint 127.0.0.1:25\n",
        Lines(LogFormat.Text, log =>
        {
            var endPoint = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 25);
            PosternLog.Listening(log, "a", "none", endPoint);
            PosternLog.RelayStarted(log, "1", "h", "a", null, "d", 0, 1);
            // A reload's.
            PosternLog.Listening(log, "a", "none", endPoint);
        }, form: TextForm.Short));

    [Fact]
    public void Levels_below_the_configured_one_are_not_written() =>
        Assert.Equal("", Lines(LogFormat.Text, log => PosternLog.ConfigApplied(log, "x"), LogLevelName.Warning));

    [Fact]
    public void A_librarys_daily_business_is_not_written_and_its_warnings_are() => Assert.Equal(
        "2026-01-02T03:04:05.678Z warn  Heartbeat took 5 s\n",
        Lines(LogFormat.Text, log =>
        {
            log.LogInformation("Now listening on {Address}", "x");
            log.LogWarning("Heartbeat took {Seconds} s", 5);
        }, category: "Microsoft.AspNetCore"));

    [Fact]
    public void When_the_reader_stalls_lines_are_dropped_and_counted_and_the_relay_goes_on()
    {
        using var gate = new ManualResetEventSlim();
        var stream = new StallingStream(gate);
        var sink = new LogSink(stream, count => $"dropped {count}\n");
        byte[] line = new byte[1 << 20];
        sink.Append(line);
        Assert.True(stream.Entered.Wait(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        for (int i = 0; i < 10; i++) sink.Append(line);
        gate.Set();
        sink.Dispose();
        Assert.EndsWith("dropped 6\n", Encoding.ASCII.GetString(stream.ToArray()), StringComparison.Ordinal);
    }

    private sealed class StallingStream(ManualResetEventSlim gate) : MemoryStream
    {
        public ManualResetEventSlim Entered { get; } = new();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Entered.Set();
            gate.Wait();
            base.Write(buffer);
        }
    }
}
