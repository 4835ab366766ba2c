using Microsoft.Extensions.Logging;
using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Core.Telemetry;

namespace Postern.Core.Submission;

/// <summary>What accepting mail rests on. Shared by all listeners and the pickup folder; each part is thread safe and outlives reloads.</summary>
public sealed record SubmissionServices(IQueueStore Store, MailRouter Router, PosternMetrics Metrics, ILogger Logger, TimeProvider Time);
