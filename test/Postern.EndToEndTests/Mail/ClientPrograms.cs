using System.Globalization;
using Postern.Lab.Daemons;

namespace Postern.EndToEndTests.Mail;

public enum ClientTls { None, Starttls, Implicit }

/// <param name="CaFile">Authorities to trust, PEM; needed with TLS.</param>
internal sealed record Submission(int Port, string From = "a@example.test", string To = "b@example.test", ClientTls Tls = ClientTls.None, string? CaFile = null, string? User = null, string? Password = null);

/// <summary>The programs that people send mail with, each made to send given bytes as they are.</summary>
internal static class ClientPrograms
{
    public const string Swaks = "swaks", Curl = "curl", Msmtp = "msmtp", Nodemailer = "nodemailer", SmtpSource = "smtp-source";

    public static readonly string[] All = [Swaks, Curl, Msmtp, Nodemailer, SmtpSource];

    public static string? Missing(string client) => client == Nodemailer
        ? Programs.Missing("node") ?? (Directory.Exists(Path.Combine(Modules, "nodemailer")) ? null : "nodemailer is not there (eng/test-tools.sh fetches it)")
        : Programs.Missing(client);

    /// <summary>What the program puts on the wire for a message: smtp-source adds an empty line to every file.</summary>
    public static byte[] Sent(string client, byte[] message) => client == SmtpSource ? [.. message, (byte)'\r', (byte)'\n'] : message;

    private static string Modules => Path.Combine(Programs.Tools, "npm", "node_modules");

    /// <summary>Sends and fails the test when the program says that it could not.</summary>
    public static async Task SendAsync(string client, Submission to, byte[] message)
    {
        var result = await TrySendAsync(client, to, message);
        Assert.True(result.ExitCode == 0, $"{client} ended with {result.ExitCode}: {result.Output}");
    }

    public static async Task<ProgramResult> TrySendAsync(string client, Submission to, byte[] message)
    {
        string folder = Directory.CreateTempSubdirectory("postern-client-").FullName;
        try
        {
            string crlf = Path.Combine(folder, "crlf.eml"), lf = Path.Combine(folder, "lf.eml"), open = Path.Combine(folder, "open.eml");
            await File.WriteAllBytesAsync(crlf, message);
            await File.WriteAllBytesAsync(lf, NastyMessages.WithLf(message));
            // swaks puts a line end after the file, whatever it ends in.
            await File.WriteAllBytesAsync(open, NastyMessages.WithLf(message.AsSpan().EndsWith("\r\n"u8) ? message.AsSpan(0, message.Length - 2) : message));
            return client switch
            {
                Swaks => await RunningProgram.RunAsync("swaks", SwaksArguments(to, open)),
                Curl => await RunningProgram.RunAsync("curl", CurlArguments(to, crlf)),
                Msmtp => await RunningProgram.RunAsync("msmtp", MsmtpArguments(to), await File.ReadAllBytesAsync(lf)),
                Nodemailer => await RunningProgram.RunAsync("node", ["-e", NodemailerScript(to, crlf)], environment: new Dictionary<string, string> { ["NODE_PATH"] = Modules }),
                SmtpSource => await RunningProgram.RunAsync("smtp-source", ["-s", "1", "-m", "1", "-f", to.From, "-t", to.To, "-F", lf, $"127.0.0.1:{Number(to.Port)}"]),
                _ => throw new ArgumentOutOfRangeException(nameof(client), client, null),
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IReadOnlyList<string> SwaksArguments(Submission to, string file)
    {
        List<string> arguments = ["--server", "127.0.0.1", "--port", Number(to.Port), "--from", to.From, "--to", to.To, "--data", "@" + file, "--suppress-data"];
        if (to.Tls != ClientTls.None) arguments.Add(to.Tls == ClientTls.Starttls ? "--tls" : "--tls-on-connect");
        if (to.User is not null) arguments.AddRange(["--auth", "LOGIN", "--auth-user", to.User, "--auth-password", to.Password!]);
        return arguments;
    }

    private static IReadOnlyList<string> CurlArguments(Submission to, string file)
    {
        string scheme = to.Tls == ClientTls.Implicit ? "smtps" : "smtp";
        List<string> arguments = ["-sS", "--url", $"{scheme}://localhost:{Number(to.Port)}/client.example.test", "-4", "--mail-from", to.From, "--mail-rcpt", to.To, "--upload-file", file];
        if (to.Tls == ClientTls.Starttls) arguments.Add("--ssl-reqd");
        if (to.CaFile is not null) arguments.AddRange(["--cacert", to.CaFile]);
        if (to.User is not null) arguments.AddRange(["--user", $"{to.User}:{to.Password}"]);
        return arguments;
    }

    private static IReadOnlyList<string> MsmtpArguments(Submission to)
    {
        List<string> arguments =
        [
            "--file=/dev/null", "--host=localhost", $"--port={Number(to.Port)}", $"--from={to.From}", "--set-from-header=off", "--set-date-header=off", "--remove-bcc-headers=off", "--timeout=30",
            to.Tls == ClientTls.None ? "--tls=off" : "--tls=on",
        ];
        if (to.Tls != ClientTls.None) arguments.AddRange([to.Tls == ClientTls.Starttls ? "--tls-starttls=on" : "--tls-starttls=off", $"--tls-trust-file={to.CaFile}"]);
        if (to.User is not null) arguments.AddRange(["--auth=plain", $"--user={to.User}", $"--passwordeval=printf %s '{to.Password}'"]);
        return [.. arguments, "--", to.To];
    }

    private static string NodemailerScript(Submission to, string file)
    {
        string auth = to.User is null ? "" : $"auth: {{ user: '{to.User}', pass: '{to.Password}' }},";
        string tls = to.CaFile is null ? "ignoreTLS: true," : $"requireTLS: true, tls: {{ ca: require('fs').readFileSync('{to.CaFile}'), servername: 'localhost' }},";
        return $$"""
            const transport = require('nodemailer').createTransport({ host: '127.0.0.1', port: {{Number(to.Port)}}, secure: {{(to.Tls == ClientTls.Implicit ? "true" : "false")}}, {{auth}} {{tls}} });
            transport.sendMail({ envelope: { from: '{{to.From}}', to: ['{{to.To}}'] }, raw: require('fs').readFileSync('{{file}}') })
              .then(() => transport.close(), error => { console.error(error.message); process.exit(1); });
            """;
    }

    private static string Number(int port) => port.ToString(CultureInfo.InvariantCulture);
}
