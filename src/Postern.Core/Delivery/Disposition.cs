using Postern.Core.Decisions;

namespace Postern.Core.Delivery;

/// <summary>Where a recipient stands in an attempt: what its <see cref="Decision"/> means for the walk from candidate to candidate and for the settlement.</summary>
internal enum Disposition : byte { Delivered, TryNextHost, RetryLater, Bounce }
