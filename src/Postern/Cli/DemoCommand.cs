using System.CommandLine;
using System.Net.Sockets;
using Postern.Core.Configuration;
using Postern.Core.Demo;
using Postern.Core.Telemetry;
using Postern.Hosting;
using Postern.Protocols.Smtp;

namespace Postern.Cli;

/// <summary>
/// postern demo: a relay with nothing to configure, an upstream that captures and shows what arrives, and a second one with troubles, so that the queue
/// and its retries can be seen. Everything is on loopback, the queue in a temporary folder that goes away with it.
/// </summary>
internal sealed class DemoCommand(CommandTree tree, RelayStarter start)
{
    private const string TroubledDomain = "trouble.example.test";

    private readonly Option<string> _listen = new("--listen") { Description = "Address to take mail on.", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => "127.0.0.1:2525" };
    private readonly Option<string> _http = new("--http") { Description = "Address of the HTTP server; \"\" for none.", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => "127.0.0.1:8025" };

    public Command Build() => tree.Action(new Command("demo", "Try it: a relay, an upstream that shows what arrives, and a troubled one. Nothing to configure.") { _listen, _http }, RunAsync);

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var mailbox = new CaptureMailbox();
        string data = Directory.CreateTempSubdirectory("postern-demo-").FullName;
        try
        {
            await using var capture = Serve(new CaptureHandler(mailbox, tree.Time));
            await using var troubled = Serve(new CaptureHandler(mailbox, tree.Time, new TroubleCycle(TroubleCycle.Usual, tree.Time)));
            var overrides = Overrides(parsed, data, capture, troubled);
            var process = new RelayProcess(() => new ConfigLoader().Load(null, overrides), null, Start, tree.Output, tree.Time);
            await using var log = Console.OpenStandardOutput();
            int exit = await process.RunAsync(log, Explain, cancel);
            tree.Output.Line(mailbox.Count == 0
                ? "The demonstration is over; no mail was sent. Its queue is deleted."
                : $"The demonstration is over: {mailbox.Count} {(mailbox.Count == 1 ? "message" : "messages")} arrived. Its queue is deleted.");
            return exit;
        }
        catch (SocketException e)
        {
            throw new CommandException(ExitCode.WrongUsage, $"the demonstration's upstream cannot listen on loopback: {e.Message}", e);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }

        // An arrival is an event of the log, so that it is printed in its turn.
        Task<RunningRelay> Start(PosternConfig config, ILoggerFactory logs, CancellationToken stop)
        {
            var log = logs.CreateLogger("Postern.Demo");
            mailbox.Arrived += m => PosternLog.DemoArrived(log, m.Number, m.From.Length == 0 ? "<> (a bounce)" : m.From, string.Join(", ", m.Recipients), m.SizeBytes, m.Subject ?? "(no subject)");
            return start(config, logs, stop);
        }
    }

    private CaptureServer Serve(CaptureHandler handler)
    {
        var options = new Postern.Protocols.Smtp.SessionOptions { Hostname = "upstream.example.test", IdleTimeout = TimeSpan.FromMinutes(5) };
        return new CaptureServer(0, (stream, context, stop) => new SmtpServerSession(stream, context, options, handler, tree.Time).RunAsync(stop));
    }

    private List<ConfigOverride> Overrides(ParseResult parsed, string data, CaptureServer capture, CaptureServer troubled)
    {
        (string Key, string Value)[] keys =
        [
            ("server.hostname", "demo.example.test"), ("server.data", data), ("server.http", parsed.GetValue(_http)!), ("listener[0].address", parsed.GetValue(_listen)!),
            ("upstream[0].name", "capture"), ("upstream[0].address", capture.EndPoint.ToString()), ("upstream[0].tls", "none"),
            ("upstream[1].name", "troubled"), ("upstream[1].address", troubled.EndPoint.ToString()), ("upstream[1].tls", "none"),
            ("route[0].match.recipient_domain", TroubledDomain), ("route[0].upstreams", "troubled"),
            ("route[1].upstreams", "capture"),
            ("delivery.retry", "3s,6s,9s"), ("timeouts.greeting", "10s"),
            // Nothing of a demonstration leaves this machine, and its upstream's troubles are its own.
            ("diagnosis.probe", "false"), ("diagnosis.controls", "[]"), ("diagnosis.builtin_blocklists", "false"),
        ];
        return [.. keys.Select(k => new ConfigOverride(k.Key, k.Value, "demo"))];
    }

    private void Explain(RunningRelay relay, string http)
    {
        var output = tree.Output;
        string address = relay.Listening()[0];
        // A server of our own choosing is the default of the commands; another one has to be named.
        string server = http.Length == 0 || new Uri(http).Authority is RelayClient.DefaultServer ? "" : $" --server {new Uri(http).Authority}";
        output.Line(http.Length > 0 ? $"Open {output.Bold(http)} in a browser, send something from another terminal, and watch it there and here:" : "Send something from another terminal and watch it here:");
        output.Line("");
        Try($"swaks --to you@example.test --server {address}", "arrives at once");
        Try($"swaks --to you@{TroubledDomain} --server {address}", "its server greylists, is busy, limits, falls silent: watch the retries");
        Try($"swaks --from you@example.test --to nobody@example.test --server {address}", "refused for good: the bounce arrives");
        if (http.Length > 0) Try($"{Environment.GetEnvironmentVariable("POSTERN_CALLED_AS") ?? "postern"} status{server}", "the queue now; also: queue list, upstreams, why ID");
        output.Line("");

        void Try(string command, string what)
        {
            output.Line($"  {output.Accent(command)}");
            output.Line($"      {output.Dim(what)}");
        }
    }
}
