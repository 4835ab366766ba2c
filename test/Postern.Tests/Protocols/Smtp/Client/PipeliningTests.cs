using Postern.Protocols.Smtp;
using static Postern.Tests.Protocols.Smtp.Client.ClientRig;

namespace Postern.Tests.Protocols.Smtp.Client;

/// <summary>MAIL, RCPT and DATA in one go where PIPELINING is offered (RFC 2920) and one by one where it is not: the same outcomes, recipient by recipient.</summary>
public sealed class PipeliningTests
{
    private const string Envelope = "MAIL FROM:<a@x.test>\r\nRCPT TO:<1@y.test>\r\nRCPT TO:<2@y.test>\r\nRCPT TO:<3@y.test>\r\nDATA\r\n";

    private static readonly string[] Three = ["1@y.test", "2@y.test", "3@y.test"];

    /// <summary>The peer reads all five commands before it says a word.</summary>
    private static string Pipelined(string mail, string one, string two, string three, string data) =>
        Offering("PIPELINING") + $"C: MAIL *\nC: RCPT TO:<1@*\nC: RCPT TO:<2@*\nC: RCPT TO:<3@*\nC: DATA\nS: {mail}\\r\\n{one}\\r\\n{two}\\r\\n{three}\\r\\n{data}\n";

    private static Task CheckAsync(string script, string shown, string heard, bool usable = true) => ForEachDeliveryAsync(script, async rig =>
    {
        var session = await rig.OpenAsync();
        var result = await rig.SendAsync(session, Message("x\r\n", Three));
        Assert.Equal(shown, Show(result));
        Assert.Equal(usable, result.SessionUsable);
        Assert.Equal(Hello + heard, await rig.HeardAsync());
    });

    [Fact]
    public Task All_commands_go_before_the_first_reply() => CheckAsync(
        Pipelined("250 a", "250 b", "250 c", "250 d", "354 go") + "body\nS: 250 2.0.0 taken\n", "ok 250 2.0.0 taken | ok 250 2.0.0 taken | ok 250 2.0.0 taken", Envelope + "x\r\n.\r\n");

    [Fact]
    public Task One_command_goes_at_a_time_where_pipelining_is_not_offered() => CheckAsync(
        Offering() + "C: MAIL *\nquiet\nS: 250 a\nC: RCPT *\nquiet\nS: 250 b\nC: RCPT *\nquiet\nS: 250 c\nC: RCPT *\nquiet\nS: 250 d\nC: DATA\nquiet\nS: 354 go\nbody\nS: 250 taken\n",
        "ok 250 taken | ok 250 taken | ok 250 taken", Envelope + "x\r\n.\r\n");

    public static TheoryData<string, string, string> Mixes()
    {
        var data = new TheoryData<string, string, string>();
        string[] replies = ["250 ok", "450 4.2.1 later", "550 5.1.1 no"];
        foreach (string one in replies)
        {
            foreach (string two in replies)
            {
                foreach (string three in replies) data.Add(one, two, three);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Mixes))]
    public async Task Each_recipient_has_its_own_answer_in_every_mix(string one, string two, string three)
    {
        string[] replies = [one, two, three];
        bool some = replies.Any(r => r[0] == '2');
        string shown = string.Join(" | ", replies.Select(r => r[0] == '2' ? "ok 250 2.0.0 taken" : "Rcpt Refused " + r));
        // All refused and DATA taken all the same: a lone dot, and what is said to that counts for nobody (RFC 2920 section 3.1).
        await CheckAsync(Pipelined("250 a", one, two, three, "354 go") + (some ? "body\nS: 250 2.0.0 taken\n" : "C: .\nS: 250 2.0.0 what?\n"), shown, Envelope + (some ? "x\r\n.\r\n" : ".\r\n"));
        if (!some) await CheckAsync(Pipelined("250 a", one, two, three, "503 5.5.1 no recipients"), shown, Envelope);

        string oneByOne = Offering() + $"C: MAIL *\nS: 250 a\nC: RCPT *\nS: {one}\nC: RCPT *\nS: {two}\nC: RCPT *\nS: {three}\n" + (some ? "C: DATA\nS: 354 go\nbody\nS: 250 2.0.0 taken\n" : "");
        await CheckAsync(oneByOne, shown, some ? Envelope + "x\r\n.\r\n" : Envelope[..^"DATA\r\n".Length]);
    }

    [Theory]
    [InlineData("550 5.7.1 not you", "503 5.5.1 no mail", "503 5.5.1 no mail")]
    [InlineData("451 4.3.0 later", "503 5.5.1 no mail", "503 5.5.1 no mail")]
    [InlineData("550 5.7.1 not you", "250 what", "354 go")]
    public async Task The_answer_to_MAIL_is_the_answer_for_all(string mail, string rcpt, string data)
    {
        string shown = string.Join(" | ", Enumerable.Repeat("Mail Refused " + mail, 3));
        bool goes = data[0] == '3';
        await CheckAsync(Pipelined(mail, rcpt, rcpt, rcpt, data) + (goes ? "C: .\nS: 550 no\n" : ""), shown, Envelope + (goes ? ".\r\n" : ""));
        await CheckAsync(Offering() + $"C: MAIL *\nS: {mail}\n", shown, "MAIL FROM:<a@x.test>\r\n");
    }

    [Theory]
    [InlineData("451 4.3.0 no room")]
    [InlineData("554 5.7.1 no")]
    public Task A_refused_DATA_is_the_answer_for_those_who_were_accepted(string data) => CheckAsync(
        Pipelined("250 a", "250 b", "550 5.1.1 no", "250 c", data), $"Data Refused {data} | Rcpt Refused 550 5.1.1 no | Data Refused {data}", Envelope);

    [Theory]
    [InlineData("452 4.3.1 no room")]
    [InlineData("554 5.7.1 spam")]
    public Task A_refused_message_is_the_answer_for_those_who_were_accepted(string end) => CheckAsync(
        Pipelined("250 a", "250 b", "450 4.2.1 later", "250 c", "354 go") + $"body\nS: {end}\n", $"EndOfData Refused {end} | Rcpt Refused 450 4.2.1 later | EndOfData Refused {end}", Envelope + "x\r\n.\r\n");

    [Fact]
    public Task A_421_in_the_middle_ends_the_session_and_what_was_decided_before_stands() => CheckAsync(
        Offering("PIPELINING") + "C: MAIL *\nC: RCPT *\nC: RCPT *\nC: RCPT *\nC: DATA\nS: 250 a\\r\\n250 b\\r\\n550 5.1.1 no\\r\\n421 4.3.2 closing\n",
        "Rcpt Refused 421 4.3.2 closing | Rcpt Refused 550 5.1.1 no | Rcpt Refused 421 4.3.2 closing", Envelope, usable: false);

    [Fact]
    public Task A_421_to_the_end_of_data_is_no_delivery() => CheckAsync(
        Pipelined("250 a", "250 b", "550 5.1.1 no", "250 c", "354 go") + "body\nS: 421 4.3.2 closing\n",
        "EndOfData Refused 421 4.3.2 closing | Rcpt Refused 550 5.1.1 no | EndOfData Refused 421 4.3.2 closing", Envelope + "x\r\n.\r\n", usable: false);

    [Fact]
    public async Task Many_recipients_are_sent_in_rounds_so_that_no_window_fills()
    {
        string[] many = [.. Enumerable.Range(0, 250).Select(i => $"r{i}@y.test")];
        string script = Offering("PIPELINING") + "C: MAIL *\n" + string.Concat(Enumerable.Repeat("C: RCPT *\n", 99)) + "quiet\nS: 250 ok\n" + string.Concat(Enumerable.Repeat("S: 250 ok\n", 99))
            + string.Concat(Enumerable.Repeat("C: RCPT *\n", 100)) + "quiet\n" + string.Concat(Enumerable.Repeat("S: 250 ok\n", 100))
            + string.Concat(Enumerable.Repeat("C: RCPT *\n", 51)) + "C: DATA\n" + string.Concat(Enumerable.Repeat("S: 250 ok\n", 51)) + "S: 354 go\nbody\nS: 250 taken\n";
        await using var rig = new ClientRig(Plain, [script]);
        var result = await rig.SendAsync(await rig.OpenAsync(), Message("x\r\n", many));
        Assert.All(result.Recipients, r => Assert.Null(r.Failure));
        await rig.HeardAsync();
    }
}
