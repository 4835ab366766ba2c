using System.Diagnostics;
using System.Text;

namespace Postern.Lab.Daemons;

/// <param name="Output">Standard output and standard error, as they came.</param>
public sealed record ProgramResult(int ExitCode, string Output, string StandardOutput);

/// <summary>Runs a program to its end.</summary>
public static class RunningProgram
{
    /// <summary>Throws TimeoutException, after killing it, when it has not ended within the limit (60 s).</summary>
    public static async Task<ProgramResult> RunAsync(
        string program, IReadOnlyList<string> arguments, ReadOnlyMemory<byte> input = default, string? folder = null,
        IReadOnlyDictionary<string, string>? environment = null, TimeSpan? limit = null)
    {
        var start = new ProcessStartInfo(Programs.Find(program) ?? program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var late = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(60), TimeProvider.System);
        var all = new StringBuilder();
        var standard = new StringBuilder();
        var reading = Task.WhenAll(ReadAsync(process.StandardOutput, all, standard), ReadAsync(process.StandardError, all, null));
        try
        {
            var writing = WriteAsync(process, input);
            await process.WaitForExitAsync(late.Token);
            await writing;
            await reading.WaitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in time: {all}");
        }
        return new ProgramResult(process.ExitCode, all.ToString(), standard.ToString());
    }

    private static async Task WriteAsync(Process process, ReadOnlyMemory<byte> input)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all of its input; its exit code says whether that matters.
        }
    }

    private static async Task ReadAsync(StreamReader reader, StringBuilder all, StringBuilder? standard)
    {
        while (await reader.ReadLineAsync() is { } line)
            lock (all)
            {
                all.Append(line).Append('\n');
                standard?.Append(line).Append('\n');
            }
    }
}
