using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Postern.Core.Configuration;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Submission;
using Postern.Core.Submission.Pickup;
using Postern.Core.Telemetry;

namespace Postern.Tests.Submission;

public sealed class PickupTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-pickup").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly RecordingStore _store = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_file_with_envelope_lines_is_sent_without_them_and_moved()
    {
        var folder = await OpenAsync();
        Put("a.eml", "X-Sender: <me@example.org>\r\nX-Receiver: you@example.net\r\nX-Receiver: <too@example.net>\r\nFrom: other@example.org\r\nTo: nobody@example.com\r\nSubject: x\r\n\r\nbody\r\n..\r\nlast");
        await TakeAsync(folder);
        var (id, envelope, content) = Assert.Single(_store.Committed);
        Assert.Equal("Received: by relay.example.net (Postern) id " + id + ";\r\n\tFri, 02 Jan 2026 03:04:06 +0000\r\nFrom: other@example.org\r\nTo: nobody@example.com\r\nSubject: x\r\n\r\nbody\r\n..\r\nlast", Encoding.Latin1.GetString(content));
        Assert.Equal("me@example.org", envelope.From.Address);
        Assert.Equal(["you@example.net", "too@example.net"], envelope.Recipients.Select(r => r.Address.Address));
        Assert.Equal("pickup", envelope.Origin.Listener);
        Assert.Equal(["sent/a.eml"], Names());
    }

    [Fact]
    public async Task The_envelope_comes_from_the_header_where_no_lines_give_it_and_Bcc_is_removed()
    {
        var folder = await OpenAsync(deleteSent: true);
        Put("a.eml", "From: \"A, B\" <a@example.org>,\n c@example.org\nSender: s@example.org\nTo: =?utf-8?q?=C3=A9?= <x@example.net>,\n y@example.net\nCc: group: z@example.net, x@example.net;\nBcc: hidden@example.net,\n hidden2@example.net\nSubject: x\n\n\xe9\n");
        await TakeAsync(folder);
        var (_, envelope, content) = Assert.Single(_store.Committed);
        Assert.Equal("s@example.org", envelope.From.Address);
        Assert.Equal(["x@example.net", "y@example.net", "z@example.net", "hidden@example.net", "hidden2@example.net"], envelope.Recipients.Select(r => r.Address.Address));
        Assert.True(envelope.HasEightBit);
        string text = Encoding.Latin1.GetString(content);
        Assert.EndsWith("From: \"A, B\" <a@example.org>,\r\n c@example.org\r\nSender: s@example.org\r\nTo: =?utf-8?q?=C3=A9?= <x@example.net>,\r\n y@example.net\r\nCc: group: z@example.net, x@example.net;\r\nSubject: x\r\n\r\n\xe9\r\n", text, StringComparison.Ordinal);
        Assert.Empty(Names());
    }

    [Fact]
    public async Task A_message_sent_again_goes_to_its_Resent_recipients()
    {
        var folder = await OpenAsync();
        Put("a.eml", "Resent-From: r@example.org\r\nResent-To: new@example.net\r\nResent-Bcc: secret@example.net\r\nFrom: a@example.org\r\nTo: old@example.net\r\n\r\n");
        await TakeAsync(folder);
        var envelope = Assert.Single(_store.Committed).Envelope;
        Assert.Equal("r@example.org", envelope.From.Address);
        Assert.Equal(["new@example.net", "secret@example.net"], envelope.Recipients.Select(r => r.Address.Address));
    }

    [Theory]
    [InlineData("", "no sender: there is no X-Sender, Sender or From line")]
    [InlineData("From: a@example.org\n\nTo: in.the@body.example", "no recipients: there is no X-Receiver line, and To, Cc and Bcc name nobody")]
    [InlineData("X-Sender: not an address\nX-Receiver: a@example.org\n\n", "X-Sender is no address: not an address")]
    [InlineData("X-Sender: a@example.org\nX-Receiver: b@example.org c\n\n", "X-Receiver is no address: b@example.org c")]
    [InlineData("X-Sender: a@example.org\nX-Receiver: b..c@example.org\n\n", "X-Receiver is no address: b..c@example.org")]
    [InlineData("From: a@example.org\nTo: b@-example.org\n\n", "To cannot be read: b@-example.org")]
    [InlineData("From: a@example.org\nTo: undisclosed-recipients:;\n\n", "no recipients: there is no X-Receiver line, and To, Cc and Bcc name nobody")]
    [InlineData("From: a@example.org\nTo: x@refused.example, ok@example.net\n\n", "recipient <x@refused.example> is refused: 550 5.7.1 Mail for this recipient is refused by a route of this relay; nothing was sent to the others")]
    public async Task A_bad_file_is_set_aside_with_the_reason_beside_it(string text, string reason)
    {
        var folder = await OpenAsync();
        Put("bad.eml", text);
        await TakeAsync(folder);
        Assert.Empty(_store.Committed);
        Assert.Equal(["bad/bad.eml", "bad/bad.eml.reason.txt"], Names());
        Assert.Equal(reason, File.ReadAllText(Path.Combine(_folder, "bad", "bad.eml.reason.txt")).Trim());
        Assert.Equal(text, File.ReadAllText(Path.Combine(_folder, "bad", "bad.eml")));
    }

    [Fact]
    public async Task Limits_hold_for_files_too()
    {
        var folder = await OpenAsync(limits: new LimitsConfig { MaxMessageBytes = 20_000, MaxHeaderBytes = 1000, MaxHeaders = 20, MaxReceived = 5, MaxRecipients = 2 });
        const string envelope = "X-Sender: a@example.org\nX-Receiver: b@example.org\n";
        Put("large.eml", envelope + "\n" + new string('x', 20_000));
        Put("header.eml", envelope + "A: " + new string('x', 19_000));
        Put("fields.eml", envelope + string.Concat(Enumerable.Repeat("A: x\n", 20)));
        Put("loop.eml", envelope + string.Concat(Enumerable.Repeat("Received: x\n", 6)));
        Put("many.eml", envelope + "X-Receiver: c@example.org\nX-Receiver: d@example.org\n");
        await TakeAsync(folder);
        Assert.Empty(_store.Committed);
        Assert.Equal("3 recipients, more than limits.max_recipients (2)", Reason("many"));
        Assert.Equal("too many hops: more than 5 Received fields", Reason("loop"));
        Assert.Equal("the header has more than limits.max_headers (20) fields", Reason("fields"));
        Assert.Equal("the header has more than limits.max_header (1000) bytes", Reason("header"));
        Assert.StartsWith("the file has 20", Reason("large"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_is_taken_only_when_it_has_not_changed_for_a_second()
    {
        var folder = await OpenAsync();
        Put("a.eml", "From: a@example.org\n");
        Assert.True(await folder.LookAsync(default));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(await folder.LookAsync(default));
        File.AppendAllText(Path.Combine(_folder, "a.eml"), "To: b@example.org\n\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await folder.LookAsync(default));
        Assert.Empty(_store.Committed);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await folder.LookAsync(default));
        Assert.Single(_store.Committed);
    }

    [Fact]
    public async Task A_file_that_is_still_open_for_writing_gets_more_time()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("SKIPPED: only Linux tells who has a file open");
        var folder = await OpenAsync();
        string path = Path.Combine(_folder, "a.eml");
        using (var writer = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite))
        {
            writer.Write("From: a@example.org\nTo: b@example.org\n\nhalf"u8);
            writer.Flush();
            Assert.True(await folder.LookAsync(default));
            _time.Advance(TimeSpan.FromSeconds(2));
            Assert.True(await folder.LookAsync(default));
            Assert.Empty(_store.Committed);
            Assert.True(File.Exists(path));
            _time.Advance(PickupFolder.WriterGrace);
            Assert.False(await folder.LookAsync(default));
            Assert.Single(_store.Committed);
        }
        Put("b.eml", "From: a@example.org\nTo: b@example.org\n\n");
        await TakeAsync(folder);
        Assert.Equal(2, _store.Committed.Count);
    }

    [Fact]
    public async Task Folders_that_somebody_tidied_away_are_made_again()
    {
        var folder = await OpenAsync();
        Directory.Delete(Path.Combine(_folder, "sent"));
        Directory.Delete(Path.Combine(_folder, "bad"));
        Put("a.eml", "From: a@example.org\nTo: b@example.org\n\n");
        Put("b.eml", "no header");
        await TakeAsync(folder);
        Assert.Equal(["bad/b.eml", "bad/b.eml.reason.txt", "sent/a.eml"], Names());
    }

    [Fact]
    public async Task The_extension_may_be_in_capitals()
    {
        var folder = await OpenAsync();
        Put("A.EML", "From: a@example.org\nTo: b@example.org\n\n");
        await TakeAsync(folder);
        Assert.Equal(["sent/A.EML"], Names());
    }

    [Fact]
    public async Task Other_names_and_links_are_left_alone()
    {
        var folder = await OpenAsync();
        const string good = "From: a@example.org\nTo: b@example.org\n\n";
        foreach (string name in (string[])[".a.eml", "a.eml.tmp", "a.part", "a.txt"]) Put(name, good);
        Put("target", good);
        File.CreateSymbolicLink(Path.Combine(_folder, "link.eml"), Path.Combine(_folder, "target"));
        Directory.CreateDirectory(Path.Combine(_folder, "folder.eml"));
        await TakeAsync(folder);
        Assert.Empty(_store.Committed);
        Assert.Equal([".a.eml", "a.eml.tmp", "a.part", "a.txt", "link.eml", "target"], Names());
    }

    [Fact]
    public async Task A_full_or_broken_store_leaves_the_file_for_later()
    {
        var folder = await OpenAsync();
        Put("a.eml", "From: a@example.org\nTo: b@example.org\n\n");
        _store.IsFull = true;
        await TakeAsync(folder);
        Assert.Equal(["a.eml"], Names());
        _store.IsFull = false;
        _store.FailCommit = new StoreException("sync failed");
        await folder.LookAsync(default);
        Assert.Equal(["a.eml"], Names());
        _store.FailCommit = null;
        await folder.LookAsync(default);
        Assert.Equal(["sent/a.eml"], Names());
        Assert.Single(_store.Committed);
    }

    [Fact]
    public async Task After_a_crash_a_file_that_was_kept_is_not_sent_again_and_one_that_was_not_is()
    {
        const string good = "From: a@example.org\nTo: b@example.org\n\n";
        _store.Known.Add(new MessageId(77));
        Put($"kept.eml.{new MessageId(77)}.sending", good);
        Put($"lost.eml.{new MessageId(78)}.sending", good);
        var folder = await OpenAsync();
        Assert.Equal(["lost.eml", "sent/kept.eml"], Names());
        await TakeAsync(folder);
        Assert.Equal(["sent/kept.eml", "sent/lost.eml"], Names());
        Assert.Single(_store.Committed);
    }

    [Fact]
    public async Task Same_names_do_not_overwrite_each_other()
    {
        var folder = await OpenAsync();
        for (int i = 0; i < 3; i++)
        {
            Put("a.eml", "From: a@example.org\nTo: b@example.org\n\n");
            await TakeAsync(folder);
        }
        Assert.Equal(["sent/a.1.eml", "sent/a.2.eml", "sent/a.eml"], Names());
    }

    [Theory]
    [InlineData("From: a@example.org\rTo: b@example.org\r\rone\r\ntwo\nthree\n\r\rfour")]
    [InlineData("\uFEFFFrom: a@example.org\r\nTo: b@example.org\r\n\r\none\r\ntwo\r\nthree\r\n\r\n\r\nfour")]
    public async Task Every_line_end_becomes_CRLF_and_a_byte_order_mark_goes(string text)
    {
        var folder = await OpenAsync(add: true);
        File.WriteAllBytes(Path.Combine(_folder, "a.eml"), Encoding.UTF8.GetBytes(text));
        await TakeAsync(folder);
        var (id, _, content) = Assert.Single(_store.Committed);
        Assert.EndsWith("+0000\r\nFrom: a@example.org\r\nTo: b@example.org\r\n" +
            $"Message-ID: <{id}@relay.example.net>\r\nDate: Fri, 02 Jan 2026 03:04:06 +0000\r\n\r\none\r\ntwo\r\nthree\r\n\r\n\r\nfour", Encoding.Latin1.GetString(content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_files_stream_through_whole()
    {
        var folder = await OpenAsync();
        string body = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"line {i}\r\n"));
        Put("a.eml", "From: a@example.org\r\nTo: b@example.org\r\n\r\n" + body);
        await TakeAsync(folder);
        Assert.EndsWith("\r\n\r\n" + body, Encoding.Latin1.GetString(_store.Committed.Single().Content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_service_watches_the_folder_and_stops()
    {
        await using var service = new PickupService(Services());
        await service.StartAsync(Config(false, false, null) with { Pickup = new PickupConfig { Folder = _folder, Interval = TimeSpan.FromHours(1) } }, default);
        var sent = Path.Combine(_folder, "sent");
        await UntilAsync(() => Directory.Exists(sent));
        Put("a.eml", "From: a@example.org\nTo: b@example.org\n\n");
        await UntilAsync(() => _store.Committed.Count == 1 && Directory.GetFiles(sent).Length == 1);
        await service.StopAsync();
    }

    /// <summary>Moves the clock until it is so. What is waited for is another thread's and the file system's doing, so real time passes too.</summary>
    private async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; !condition(); i++)
        {
            Assert.True(i < 1000, "waited in vain");
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }
    }

    private async Task<PickupFolder> OpenAsync(bool deleteSent = false, LimitsConfig? limits = null, bool add = false)
    {
        var config = Config(deleteSent, add, limits);
        var folder = new PickupFolder(config.Pickup!, Services(), SubmissionModel.Of(config, new ListenerConfig { Address = "pickup", AddMissingHeaders = add }, new AccessPolicy(config)));
        await folder.RecoverAsync(default);
        return folder;
    }

    private PosternConfig Config(bool deleteSent, bool add, LimitsConfig? limits) => HandlerFixture.Defaults with
    {
        Limits = limits ?? new LimitsConfig(),
        Pickup = new PickupConfig { Folder = _folder, DeleteSent = deleteSent, AddMissingHeaders = add },
    };

    private SubmissionServices Services() => new(_store, new MailRouter(HandlerFixture.Defaults, _time), new PosternMetrics(), NullLogger.Instance, _time);

    /// <summary>Two looks, far enough apart.</summary>
    private async Task TakeAsync(PickupFolder folder)
    {
        await folder.LookAsync(default);
        _time.Advance(PickupFolder.SettleTime);
        await folder.LookAsync(default);
    }

    private void Put(string name, string text) => File.WriteAllBytes(Path.Combine(_folder, name), Encoding.Latin1.GetBytes(text));

    private string Reason(string name) => File.ReadAllText(Path.Combine(_folder, "bad", name + ".eml.reason.txt")).Trim();

    private string[] Names() => [.. Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(_folder, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];
}
