using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postern.Lab.Peers;
using Postern.Protocols.Smtp;
using Postern.Protocols.Tls;
using Postern.Tests.Delivery;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>A client session against a peer that says what a script says, on a loopback socket: once with its replies whole, once by line, once by byte.</summary>
internal sealed class ClientRig : IAsyncDisposable
{
    public const string Hello = "EHLO relay.test\r\n";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ClientSettings _settings;
    private readonly List<SmtpClientSession> _opened = [];
    private readonly string _host;

    public ClientRig(ClientSettings settings, IEnumerable<string> scripts, SendMode mode = SendMode.Whole, X509Certificate2? certificate = null, TimeProvider? time = null, string host = "mx.test")
    {
        _settings = settings;
        _host = host;
        Time = time ?? TimeProvider.System;
        Recorder = new SessionRecorder(Time);
        Peer = new ScriptedPeer([.. scripts.Select(Script.Parse)], mode, certificate: certificate);
    }

    public static ClientSettings Plain { get; } = new() { HelloName = "relay.test", Tls = TlsMode.None };
    public static ClientSettings Opportunistic { get; } = Plain with { Tls = TlsMode.Opportunistic };
    public static ClientSettings Required { get; } = Plain with { Tls = TlsMode.Required, ExtraAuthorities = Authorities };

    public ScriptedPeer Peer { get; }
    public SessionRecorder Recorder { get; }
    public TimeProvider Time { get; }

    private static X509Certificate2Collection Authorities => [X509CertificateLoader.LoadCertificate(LabCertificates.Authority.RawData)];

    /// <summary>The lines by which a peer greets, hears EHLO and offers these extensions.</summary>
    public static string Offering(params IReadOnlyList<string> extensions) => "S: 220 mx.test ESMTP\n" + Ehlo(extensions);

    /// <summary>EHLO and its answer, in one write.</summary>
    public static string Ehlo(params IReadOnlyList<string> extensions)
    {
        string[] lines = ["mx.test", .. extensions];
        return "C: EHLO relay.test\nS: " + string.Join("\\r\\n", lines.Select((l, i) => (i == lines.Length - 1 ? "250 " : "250-") + l)) + "\n";
    }

    public static Task ForEachDeliveryAsync(string script, Func<ClientRig, Task> test, ClientSettings? settings = null, X509Certificate2? certificate = null) =>
        ForEachDeliveryAsync([script], test, settings, certificate);

    public static async Task ForEachDeliveryAsync(IReadOnlyList<string> scripts, Func<ClientRig, Task> test, ClientSettings? settings = null, X509Certificate2? certificate = null)
    {
        foreach (var mode in Enum.GetValues<SendMode>())
        {
            await using var rig = new ClientRig(settings ?? Plain, scripts, mode, certificate);
            try
            {
                await test(rig).WaitAsync(Patience);
            }
            catch (Exception e) when (e is Xunit.Sdk.XunitException or TimeoutException)
            {
                Assert.Fail($"replies {mode}: {e.Message}");
            }
        }
    }

    public async Task<SessionOpening> TryOpenAsync()
    {
        var opening = await SmtpClientSession.OpenAsync(new SessionTarget(_host, [Peer.EndPoint]), _settings, Recorder, Time, default);
        if (opening.Session is { } session) _opened.Add(session);
        return opening;
    }

    public async Task<SmtpClientSession> OpenAsync()
    {
        var opening = await TryOpenAsync();
        Assert.True(opening.Session is not null, $"not opened: {opening.Failure}");
        return opening.Session!;
    }

    public async Task<StageFailure> FailToOpenAsync()
    {
        var opening = await TryOpenAsync();
        Assert.Null(opening.Session);
        return opening.Failure!;
    }

    public ValueTask<TransactionResult> SendAsync(SmtpClientSession session, ClientTransaction transaction) => session.SendAsync(transaction, Recorder, default);

    /// <summary>Every byte the peer got on its n-th connection, after it ended as the script says.</summary>
    public async Task<string> HeardAsync(int connection = 1)
    {
        foreach (var session in _opened) await session.DisposeAsync();
        var peer = await Peer.SessionAsync(connection);
        Assert.True(peer.Problem is null, $"the peer says: {peer.Problem}; it got:\n{peer.ReceivedText}");
        return peer.ReceivedText;
    }

    public static ClientTransaction Message(string text, params IReadOnlyList<string> to) => Message(new MailCommand(new MailPath("a@x.test")), text, to);

    public static ClientTransaction Message(MailCommand mail, string text, params IReadOnlyList<string> to) =>
        new(mail, [.. to.Select(t => new RcptCommand(new MailPath(t)))], new MemoryContent(Encoding.Latin1.GetBytes(text)));

    /// <summary>Each recipient's result as "ok reply" or "Stage Kind reply", the duplicate's mark included.</summary>
    public static string Show(TransactionResult result) => string.Join(" | ", result.Recipients.Select(r =>
        r.Failure is not { } f ? $"ok {r.Reply}" : $"{f.Stage} {f.Kind}{(f.MayDuplicate ? " maybe-duplicate" : "")} {r.Reply}".TrimEnd()));

    public async ValueTask DisposeAsync()
    {
        foreach (var session in _opened) await session.DisposeAsync();
        await Peer.DisposeAsync();
    }
}
