using Microsoft.Extensions.Logging;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Telemetry;

namespace Postern.Core.Submission;

/// <summary>What accepting mail rests on. Shared by all listeners and the pickup folder; each part is thread safe and outlives reloads.</summary>
/// <param name="Inline">Opens live sessions to upstreams; null where every message is queued.</param>
public sealed record SubmissionServices(IQueueStore Store, MailRouter Router, PosternMetrics Metrics, ILogger Logger, TimeProvider Time, ILiveUpstreams? Inline = null);
