using System.Net;
using System.Security.Cryptography.X509Certificates;
using Postern.Cli;
using Postern.Core.Configuration;
using Postern.Hosting;
using Postern.Lab.Peers;
using Postern.Tests.Hosting;

namespace Postern.Tests.Access;

/// <summary>The real process with an HTTP server for others, and the commands that talk to it.</summary>
public sealed class ExposedTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-exposed-").FullName;
    private readonly MemoryStore _store = new();
    private readonly MemoryStream _log = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<T> WhileRunning<T>(string http, Func<Uri, Task<T>> use, string address = "127.0.0.1:0")
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(AccessRig.Cancel);
        var started = new TaskCompletionSource<string>();
        var process = new RelayProcess(() => Load(http, address), null, Start, new Output(new StringWriter(), new StringWriter(), false), TimeProvider.System);
        var running = process.RunAsync(_log, (_, where) => started.TrySetResult(where), stop.Token);
        if (await Task.WhenAny(started.Task, running) == running) await running;
        var result = await use(new Uri((await started.Task).Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)));
        await stop.CancelAsync();
        Assert.Equal(0, await running);
        return result;
    }

    private Task<RunningRelay> Start(PosternConfig config, Microsoft.Extensions.Logging.ILoggerFactory logs, CancellationToken cancel) =>
        Task.FromResult(new RunningRelay(_store, () => ["127.0.0.1:2525"], () => [], (_, _) => Task.CompletedTask, _ => Task.CompletedTask));

    private ConfigResult Load(string http, string address) => new ConfigLoader(new ConfigSurroundings(_ => null, [], _folder))
        .LoadText($"[server]\nhostname = \"relay.example.net\"\ndata = \"data\"\nhttp = \"{address}\"\n{http}\n[[upstream]]\nname = \"a\"\naddress = \"smtp.example.com:587\"\n", Path.Combine(_folder, "postern.toml"), []);

    private static async Task<(int Exit, string Out, string Error)> Command(params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int exit = await new CommandTree(new Output(output, error, false), TimeProvider.System).RunAsync(args, AccessRig.Cancel);
        return (exit, output.ToString(), error.ToString());
    }

    private string File(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    [Fact]
    public async Task The_process_does_not_start_open_to_others_without_authentication()
    {
        var problem = await Assert.ThrowsAsync<CommandException>(() => WhileRunning("", _ => Task.FromResult(0), "0.0.0.0:0"));
        Assert.Equal(ExitCode.WrongUsage, problem.ExitCode);
        Assert.Contains("nobody would have to sign in", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_tokens_it_listens_for_others_and_the_commands_send_one()
    {
        string good = File("token", AccessRig.Reader + "\n"), wrong = File("wrong", "wrong-token-0123456789");
        var (right, none, other, little) = await WhileRunning(AccessRig.Tokens, async address =>
        {
            string server = address.Authority;
            return (await Command("queue", "list", "--server", server, "--token-file", good),
                await Command("queue", "list", "--server", server),
                await Command("queue", "list", "--server", server, "--token-file", wrong),
                await Command("queue", "hold", "--all", "--server", server, "--token-file", good));
        }, "0.0.0.0:0");
        Assert.Equal((0, ""), (right.Exit, right.Error));
        Assert.Equal((2, "postern: this relay asks who you are; send Authorization: Bearer TOKEN; the commands take it from POSTERN_TOKEN or --token-file" + Environment.NewLine), (none.Exit, none.Error));
        Assert.Equal((2, "postern: the token is not known; check POSTERN_TOKEN or --token-file against [[http.token]] of the relay" + Environment.NewLine), (other.Exit, other.Error));
        Assert.Equal((2, "postern: look has the role read, and this needs operate; ask who runs this relay for that role" + Environment.NewLine), (little.Exit, little.Error));
        Assert.Empty(_store.Updates);
    }

    [Theory]
    [InlineData("missing", "cannot be read")]
    [InlineData("empty", "expected the token on one line")]
    [InlineData("two", "expected the token on one line")]
    public async Task A_token_file_that_cannot_be_used_is_one_line(string name, string words)
    {
        File("empty", "\n");
        File("two", "one\ntwo\n");
        var (exit, _, error) = await Command("status", "--token-file", Path.Combine(_folder, name));
        Assert.Equal(ExitCode.WrongUsage, exit);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_TLS_it_speaks_https_only_with_the_certificate_of_the_relay()
    {
        using var certificate = LabCertificates.Issue(["relay.example.net"]);
        File("cert.pem", certificate.ExportCertificatePem());
        File("key.pem", certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        string tls = $"[http]\ntls = true\n[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n{AccessRig.Tokens}";
        var (status, subject, cookie) = await WhileRunning(tls, async address =>
        {
            Assert.Equal("https", address.Scheme);
            string? seen = null;
            using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, SslOptions = { RemoteCertificateValidationCallback = (_, c, _, _) => (seen = c!.Subject) is not null } });
            using var plain = new HttpClient();
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => plain.GetAsync(new UriBuilder(address) { Scheme = "http" }.Uri, AccessRig.Cancel));
            using var form = new FormUrlEncodedContent([new("token", AccessRig.Reader), new("next", "/")]);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, "/sign-in")) { Content = form, Headers = { { "Origin", address.GetLeftPart(UriPartial.Authority) } } };
            using var signed = await http.SendAsync(request, AccessRig.Cancel);
            return ((await http.GetAsync(new Uri(address, "/health/live"), AccessRig.Cancel)).StatusCode, seen, signed.Headers.GetValues("Set-Cookie").Single());
        });
        Assert.Equal((HttpStatusCode.OK, "CN=relay.example.net"), (status, subject));
        Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_token_that_the_command_makes_opens_a_relay_that_has_its_hash()
    {
        var made = await Command("config", "token", "--json");
        using var json = System.Text.Json.JsonDocument.Parse(made.Out);
        string token = json.RootElement.GetProperty("token").GetString()!, hash = json.RootElement.GetProperty("hash").GetString()!;
        Assert.True(token.Length > 40);
        var listed = await WhileRunning(AccessRig.Token("ops", "operate", hash), address => Command("queue", "list", "--server", address.Authority, "--token-file", File("made", token)));
        Assert.Equal(0, listed.Exit);
    }

    [Fact]
    public async Task A_folder_for_sessions_that_cannot_be_made_is_one_line()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data", "state"));
        File(Path.Combine("data", "state", "sessions"), "in the way");
        var problem = await Assert.ThrowsAsync<CommandException>(() => WhileRunning(AccessRig.Tokens, _ => Task.FromResult(0)));
        Assert.StartsWith("sessions cannot be kept in ", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem.Message);
    }

    [Fact]
    public async Task Without_signing_in_no_keys_are_kept()
    {
        await WhileRunning("", _ => Task.FromResult(0));
        Assert.False(Directory.Exists(Path.Combine(_folder, "data", "state", "sessions")));
        await WhileRunning(AccessRig.Tokens, _ => Task.FromResult(0));
        Assert.True(Directory.Exists(Path.Combine(_folder, "data", "state", "sessions")));
        Assert.DoesNotContain("warn", System.Text.Encoding.UTF8.GetString(_log.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_fixed_at_the_start_is_told_apart_from_what_is_not()
    {
        static HttpConfig Http(string toml) => AccessRig.Config(toml).Http;
        var now = Http(AccessRig.Tokens);
        Assert.False(Postern.Access.AccessRules.NeedsRestart(now, Http("[http]\nhosts = [\"a.example.net\"]\n" + AccessRig.Token("new", "admin", AccessRig.Admin))));
        Assert.True(Postern.Access.AccessRules.NeedsRestart(now, Http("")));
        Assert.True(Postern.Access.AccessRules.NeedsRestart(now, Http("[http]\nsession = \"1h\"\n" + AccessRig.Tokens)));
        Assert.True(Postern.Access.AccessRules.NeedsRestart(now, Http("[http.proxy]\nnetworks = [\"192.0.2.1\"]\n" + AccessRig.Tokens)));
    }
}
