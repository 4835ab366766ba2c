using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Mail;

/// <summary>The client programs straight into a witness, so that a round trip that differs is not their doing.</summary>
public sealed class ClientProgramTests
{
    [Theory]
    [InlineData(ClientPrograms.Swaks)]
    [InlineData(ClientPrograms.Curl)]
    [InlineData(ClientPrograms.Msmtp)]
    [InlineData(ClientPrograms.Nodemailer)]
    [InlineData(ClientPrograms.SmtpSource)]
    public async Task Client_sends_the_bytes_it_is_given(string client)
    {
        Skip.When(ClientPrograms.Missing(client));
        await using var sink = new RecordingSink();
        foreach (string name in NastyMessages.ForPrograms)
        {
            byte[] message = NastyMessages.Make(name), expected = ClientPrograms.Sent(client, message);
            sink.Clear();
            await ClientPrograms.SendAsync(client, new Submission(sink.Port), message);
            byte[] arrived = (await sink.WaitAsync(1))[0].Body.ToArray();
            Assert.True(arrived.AsSpan().SequenceEqual(expected), $"{client} changes {name}: {Arrived.Difference(expected, arrived)}");
        }
    }
}
