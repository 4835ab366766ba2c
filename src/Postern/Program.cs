using Postern.Cli;
using Postern.Hosting;

// Read once by the runtime's sockets, so it must come before the first: completions run where the kernel reported them instead of being handed to
// another thread, which about halves the CPU time of a session. Nothing that runs there blocks; what may (hashing, files) goes to the pool.
if (Environment.GetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS") is null)
    Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

// Ctrl+C and SIGTERM are the serving command's own matter; for the others the default (die at once) is right.
return await new CommandTree(Output.OfProcess(), TimeProvider.System, RelayComposition.StartAsync).RunAsync(args, CancellationToken.None);
