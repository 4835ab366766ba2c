using System.Diagnostics;
using Postern.EndToEndTests.Mail;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Relay;

/// <summary>The first thing that anybody sees.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task Demonstration_shows_what_arrives_and_what_is_returned_and_ends_at_once_without_a_trace()
    {
        int port = LoopbackPorts.Take();
        string temp = Directory.CreateTempSubdirectory("postern-demo-test-").FullName;
        var start = new ProcessStartInfo(PosternProcess.Executable, ["demo", "--listen", $"127.0.0.1:{port}", "--http", ""]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TMPDIR"] = temp;
        using var demo = Process.Start(start)!;
        try
        {
            var printed = new List<string>();
            await ReadUntilAsync(demo, printed, "refused for good: the bounce arrives");
            Assert.Contains(printed, l => l.Contains($"swaks --to you@example.test --server 127.0.0.1:{port}", StringComparison.Ordinal));
            await using var client = await RawClient.ConnectAsync(port);
            Assert.StartsWith("250 2.0.0", await client.SendMailAsync("Subject: hello there\r\n\r\nx\r\n"u8.ToArray(), "me@example.test", to: "you@example.test"));
            await ReadUntilAsync(demo, printed, "subject=\"hello there\"");
            Assert.StartsWith("250 2.0.0", await client.SendMailAsync("Subject: x\r\n\r\nx\r\n"u8.ToArray(), "me@example.test", to: "nobody@example.test"));
            await ReadUntilAsync(demo, printed, "subject=\"Not delivered: nobody@example.test\"");

            await RunningProgram.RunAsync("kill", ["-INT", $"{demo.Id}"]);
            await ReadUntilAsync(demo, printed, null);
            await demo.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
            Assert.Equal(0, demo.ExitCode);
            Assert.Equal("The demonstration is over: 2 messages arrived. Its queue is deleted.", printed[^1]);
            Assert.Empty(Directory.GetDirectories(temp, "postern-demo-*"));
        }
        finally
        {
            if (!demo.HasExited) demo.Kill();
            Directory.Delete(temp, recursive: true);
        }
    }

    /// <param name="words">Null reads to the end.</param>
    private static async Task ReadUntilAsync(Process process, List<string> printed, string? words)
    {
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) is { } line)
        {
            printed.Add(line);
            if (words is not null && line.Contains(words, StringComparison.Ordinal)) return;
        }
        Assert.True(words is null, $"ended before {words}: {string.Join('\n', printed)}");
    }
}
