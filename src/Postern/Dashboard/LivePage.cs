using Microsoft.AspNetCore.Components;

namespace Postern.Dashboard;

/// <summary>A page that shows the relay as it is now: rendered whole at first, then after each look of the <see cref="LiveFeed"/>, of which only what differs is sent.</summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    private IDisposable? _following;
    private bool _isGone;

    [Inject]
    private protected LiveFeed Feed { get; set; } = null!;

    private protected RelaySnapshot Now { get; private set; } = null!;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected override void OnInitialized() => Now = Feed.Current;

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender && !_isGone) _following = Feed.Follow(() => InvokeAsync(Look));
    }

    protected virtual void Dispose(bool disposing)
    {
        _isGone = true;
        _following?.Dispose();
    }

    /// <summary>Takes what a page shows beyond the snapshot, before it is drawn. Called once a second.</summary>
    protected virtual void Refresh()
    {
    }

    private void Look()
    {
        if (_isGone) return;
        Now = Feed.Current;
        Refresh();
        StateHasChanged();
    }
}
