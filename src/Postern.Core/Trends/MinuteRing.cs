namespace Postern.Core.Trends;

/// <summary>
/// A day of minutes, each overwritten a day later. Memory is taken by the hour and only for hours in which something happened. Not thread safe: its owner locks.
/// </summary>
internal sealed class MinuteRing<T>
    where T : struct
{
    public const int Minutes = 24 * 60;
    private const int PerHour = 60;

    private readonly (long Minute, T Value)[]?[] _hours = new (long, T)[]?[Minutes / PerHour];

    /// <summary>The minute's place, cleared when it held another day's.</summary>
    /// <param name="minute">Since 1970.</param>
    public ref T At(long minute)
    {
        int slot = (int)(minute % Minutes);
        var hour = _hours[slot / PerHour] ??= new (long, T)[PerHour];
        ref var place = ref hour[slot % PerHour];
        if (place.Minute != minute) place = (minute, default);
        return ref place.Value;
    }

    /// <summary>Null where nothing happened in that minute.</summary>
    public T? Find(long minute)
    {
        int slot = (int)(minute % Minutes);
        return _hours[slot / PerHour] is { } hour && hour[slot % PerHour] is var place && place.Minute == minute ? place.Value : null;
    }
}
