using Postern.EndToEndTests.Relay;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Mail;

/// <summary>A relay and a witness that keeps every byte, shared by the tests of one class.</summary>
public sealed class WitnessedRelay : IAsyncLifetime
{
    public RecordingSink Sink { get; } = new();
    internal PosternProcess Relay { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Relay = await PosternProcess.StartAsync(PosternProcess.To(Sink.Port));

    public async ValueTask DisposeAsync()
    {
        if (Relay is not null) await Relay.DisposeAsync();
        await Sink.DisposeAsync();
    }
}

/// <summary>What goes in comes out: one Received field more, every other byte as it was.</summary>
public sealed class RoundTripTests(WitnessedRelay house) : IClassFixture<WitnessedRelay>
{
    [Theory]
    [InlineData(ClientPrograms.Swaks)]
    [InlineData(ClientPrograms.Curl)]
    [InlineData(ClientPrograms.Msmtp)]
    [InlineData(ClientPrograms.Nodemailer)]
    [InlineData(ClientPrograms.SmtpSource)]
    public async Task Mail_of_a_client_program_arrives_untouched(string client)
    {
        Skip.When(ClientPrograms.Missing(client));
        foreach (string name in NastyMessages.ForPrograms)
        {
            byte[] message = NastyMessages.Make(name);
            var arrived = await PassAsync($"{client}.{name}@example.test", to => ClientPrograms.SendAsync(client, new Submission(house.Relay.Port, To: to), message));
            Arrived.Untouched(ClientPrograms.Sent(client, message), arrived.Body);
        }
    }

    [Theory]
    [InlineData(NastyMessages.EightBit)]
    [InlineData(NastyMessages.LongLines)]
    [InlineData(NastyMessages.Dots)]
    [InlineData(NastyMessages.OddHeaders)]
    [InlineData(NastyMessages.NoBody)]
    [InlineData(NastyMessages.OnlyLineEnds)]
    [InlineData(NastyMessages.TrailingSpace)]
    public async Task Nasty_message_arrives_untouched(string name)
    {
        byte[] message = NastyMessages.Make(name);
        var arrived = await PassAsync($"raw.{name}@example.test", async to => Assert.StartsWith("250 2.0.0", await SendAsync(message, to)));
        Arrived.Untouched(message, arrived.Body);
    }

    [Fact]
    public async Task Empty_message_arrives_empty_but_for_its_trace()
    {
        var arrived = await PassAsync("empty@example.test", async to => Assert.StartsWith("250 2.0.0", await SendAsync(default, to)));
        Arrived.Untouched(default, arrived.Body);
    }

    [Fact]
    public async Task Message_without_a_final_line_end_arrives_with_at_most_that_added()
    {
        byte[] message = "Subject: open\r\n\r\nno end of line"u8.ToArray();
        var arrived = await PassAsync("open@example.test", async to =>
        {
            await using var client = await RawClient.ConnectAsync(house.Relay.Port);
            Assert.StartsWith("250 2.0.0", await client.SendChunkAsync(message, to: to));
        });
        // DATA cannot carry it otherwise (RFC 5321 section 4.1.1.4); BDAT can.
        Arrived.Untouched(arrived.Chunked ? message : [.. message, (byte)'\r', (byte)'\n'], arrived.Body);
    }

    [Theory]
    [InlineData(ClientPrograms.Curl)]
    [InlineData(ClientPrograms.Swaks)]
    public async Task Message_of_25_MiB_arrives_untouched(string client)
    {
        Skip.When(ClientPrograms.Missing(client));
        byte[] message = NastyMessages.Large(25 << 20);
        var arrived = await PassAsync($"large.{client}@example.test", to => ClientPrograms.SendAsync(client, new Submission(house.Relay.Port, To: to), message));
        Arrived.Untouched(message, arrived.Body);
    }

    [Fact]
    public async Task Line_of_half_a_mebibyte_arrives_whole()
    {
        byte[] message = [.. "Subject: line\r\n\r\n"u8, .. Enumerable.Repeat((byte)'w', 512 << 10), (byte)'\r', (byte)'\n'];
        var arrived = await PassAsync("line@example.test", async to => Assert.StartsWith("250 2.0.0", await SendAsync(message, to)));
        Arrived.Untouched(message, arrived.Body);
    }

    [Theory]
    [InlineData("bare LF . bare LF", "a\n.\nb\r\n")]
    [InlineData("bare LF . CRLF", "a\n.\r\nb\r\n")]
    [InlineData("CRLF . bare LF", "a\r\n.\nb\r\n")]
    [InlineData("bare CR . bare CR", "a\r.\rb\r\n")]
    [InlineData("bare LF", "a\nb\r\n")]
    public async Task Smuggled_end_of_data_is_refused_and_nothing_passes(string form, string body)
    {
        string to = $"smuggled.{form.Replace(" ", "", StringComparison.Ordinal)}@example.test";
        await using var client = await RawClient.ConnectAsync(house.Relay.Port);
        await client.SayAsync("MAIL FROM:<a@example.test>");
        await client.SayAsync($"RCPT TO:<{to}>");
        Assert.StartsWith("354", await client.SayAsync("DATA"));
        await client.SendAsync(System.Text.Encoding.ASCII.GetBytes("Subject: smuggle\r\n\r\n" + body + "MAIL FROM:<evil@example.test>\r\n.\r\n"));
        Assert.StartsWith("5", await client.ReadReplyAsync());
        Assert.StartsWith("250", await client.SayAsync("NOOP"));
        Assert.DoesNotContain(house.Sink.Messages, m => m.Recipients.Contains(to) || m.From == "evil@example.test");
    }

    private async Task<string> SendAsync(byte[]? message, string to)
    {
        await using var client = await RawClient.ConnectAsync(house.Relay.Port);
        return await client.SendMailAsync(message ?? [], to: to);
    }

    /// <summary>Sends to an address of its own, so that tests can share the witness, and waits for what comes out.</summary>
    private async Task<SinkMessage> PassAsync(string to, Func<string, Task> send)
    {
        await send(to);
        for (int tries = 0; tries < 400; tries++)
        {
            if (house.Sink.Messages.FirstOrDefault(m => m.Recipients.Contains(to)) is { } found) return found;
            await Task.Delay(50);
        }
        throw new TimeoutException($"nothing came for {to}: {house.Relay.Log}");
    }
}
