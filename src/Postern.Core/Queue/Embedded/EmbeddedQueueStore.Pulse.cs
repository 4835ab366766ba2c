namespace Postern.Core.Queue.Embedded;

public sealed partial class EmbeddedQueueStore
{
    public async ValueTask PulseAsync()
    {
        try
        {
            // Nothing is written, but the thread that writes has to come by; and whoever holds the gate has to let it go.
            await Journal.FlushAsync(stable: false).ConfigureAwait(false);
            await ShowAsync(default, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // A full or broken disk is known, said and waited for; a new start would find the same disk.
        }
    }
}
