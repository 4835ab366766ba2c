using Postern.Cli;

// Ctrl+C and SIGTERM are the serving command's own matter; for the others the default (die at once) is right.
return await new CommandTree(Output.OfProcess(), TimeProvider.System).RunAsync(args, CancellationToken.None);
