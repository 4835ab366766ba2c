using Postern.EndToEndTests.Mail;
using Postern.Lab.Daemons;
using Postern.Lab.Peers;

namespace Postern.EndToEndTests.Relay;

/// <summary>The disk fills before anything breaks: new mail is asked to wait, what is kept goes on being delivered.</summary>
public sealed class DiskTests
{
    [Fact]
    public async Task Nearly_full_disk_answers_452_and_goes_on_delivering_then_accepts_again()
    {
        Skip.When(Programs.NotRoot ?? Programs.Missing("mount", "umount"));
        string disk = Directory.CreateTempSubdirectory("postern-disk-").FullName;
        var mounted = await RunningProgram.RunAsync("mount", ["-t", "tmpfs", "-o", "size=96m", "tmpfs", disk]);
        Skip.When(mounted.ExitCode == 0 ? null : "a tmpfs cannot be mounted here: " + mounted.Output);
        try
        {
            await using var sink = new RecordingSink(new SinkSettings { KeepBodies = false });
            await sink.GoDownAsync();
            await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port, "retry_jitter_percent = 0") + "[queue]\nmin_free = \"32MiB\"\nsegment = \"4MiB\"\n", data: Path.Combine(disk, "data"));
            byte[] message = NastyMessages.Large(1 << 20);
            await using var client = await RawClient.ConnectAsync(relay.Port);
            int accepted = 0;
            string reply;
            while ((reply = await client.SendMailAsync(message)).StartsWith("250 2.0.0", StringComparison.Ordinal) && accepted < 96) accepted++;
            Assert.StartsWith("452 4.3.1", reply);
            Assert.InRange(accepted, 16, 90);
            Assert.Equal(0, await relay.WaitForExitAsync(TimeSpan.Zero) ?? 0);

            await client.SayAsync("RSET");
            sink.GoUp();
            await sink.WaitAsync(accepted, TimeSpan.FromSeconds(30));
            await relay.WaitForQueueAsync(0);
            for (int tries = 0; !reply.StartsWith("250", StringComparison.Ordinal) && tries < 100; tries++)
            {
                await Task.Delay(200);
                await client.SayAsync("RSET");
                reply = await client.SendMailAsync(message);
            }
            Assert.StartsWith("250 2.0.0", reply);
            await sink.WaitAsync(accepted + 1, TimeSpan.FromSeconds(30));
        }
        finally
        {
            await RunningProgram.RunAsync("umount", ["-l", disk]);
            Directory.Delete(disk);
        }
    }

    [Fact]
    public async Task Too_little_free_space_from_the_start_answers_452_with_the_reason()
    {
        await using var sink = new RecordingSink();
        await using var relay = await PosternProcess.StartAsync(PosternProcess.To(sink.Port) + "[queue]\nmin_free = \"1TiB\"\n");
        Skip.When(new DriveInfo(relay.Data).AvailableFreeSpace > 1L << 40 ? "this disk has more than 1 TiB free" : null);
        await using var client = await RawClient.ConnectAsync(relay.Port);
        Assert.StartsWith("452 4.3.1", await client.SendMailAsync("Subject: x\r\n\r\nx\r\n"u8.ToArray()));
    }

    [Fact]
    public async Task Full_disk_at_the_start_ends_with_code_2_and_says_so()
    {
        Skip.When(Programs.NotRoot ?? Programs.Missing("mount", "umount"));
        string disk = Directory.CreateTempSubdirectory("postern-disk-").FullName;
        var mounted = await RunningProgram.RunAsync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
        Skip.When(mounted.ExitCode == 0 ? null : "a tmpfs cannot be mounted here: " + mounted.Output);
        try
        {
            await using var relay = new PosternProcess("", data: Path.Combine(disk, "data"));
            relay.WriteConfig(PosternProcess.To(LoopbackPorts.Take()));
            // Too small for a segment, then without a byte: neither may be taken for another process's lock.
            foreach (bool full in (bool[])[false, true])
            {
                if (full) await RunningProgram.RunAsync("cp", ["/dev/zero", Path.Combine(disk, "rest")]);
                if (full) Directory.Delete(Path.Combine(disk, "data"), recursive: true);
                if (full) await RunningProgram.RunAsync("cp", ["/dev/zero", Path.Combine(disk, "more")]);
                var result = await relay.RunAsync("serve");
                Assert.Equal(2, result.ExitCode);
                Assert.Contains("No space left on device; make room on that disk", result.Output);
            }
        }
        finally
        {
            await RunningProgram.RunAsync("umount", ["-l", disk]);
            Directory.Delete(disk);
        }
    }
}
