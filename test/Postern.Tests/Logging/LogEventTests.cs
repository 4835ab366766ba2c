using System.Reflection;
using Microsoft.Extensions.Logging;
using Postern.Core.Telemetry;

namespace Postern.Tests.Logging;

public sealed class LogEventTests
{
    [Fact]
    public void Every_log_event_has_a_number_of_its_own()
    {
        var numbers = typeof(PosternLog).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(m => (m.Name, Number: m.GetCustomAttribute<LoggerMessageAttribute>()?.EventId)).Where(m => m.Number is not null).ToList();
        Assert.NotEmpty(numbers);
        Assert.Empty(numbers.GroupBy(n => n.Number).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(n => n.Name))}"));
    }
}
