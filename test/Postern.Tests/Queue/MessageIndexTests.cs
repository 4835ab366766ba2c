using Postern.Core.Queue;
using Postern.Core.Queue.Embedded;

namespace Postern.Tests.Queue;

public sealed class MessageIndexTests
{
    [Theory]
    [InlineData(1, 0)] // mail comes and goes in order
    [InlineData(2, 50)] // some of it late
    [InlineData(3, 100_000)] // in no order at all
    public void Agrees_with_a_sorted_dictionary_whatever_comes_and_goes(int seed, int disorder)
    {
        var random = new Random(seed);
        var index = new MessageIndex();
        var model = new SortedDictionary<long, WaitingMessage>();
        long clock = 0;
        for (int step = 0; step < 60_000; step++)
        {
            bool grows = step % 20_000 < 12_000;
            if (model.Count == 0 || random.Next(100) < (grows ? 80 : 20))
            {
                long id = disorder == 100_000 ? random.NextInt64(1, 40_000) : clock++ * 10 - random.Next(disorder + 1);
                var message = new WaitingMessage { Id = new MessageId(id) };
                index.Set(message);
                model[id] = message;
            }
            else
            {
                long id = disorder == 0 ? model.First().Key : model.Keys.ElementAt(random.Next(Math.Min(model.Count, 3000)));
                Assert.True(index.Remove(id));
                Assert.False(index.Remove(id));
                model.Remove(id);
            }
            if (step % 997 == 0) Compare(index, model, random);
        }
        Compare(index, model, random);
    }

    private static void Compare(MessageIndex index, SortedDictionary<long, WaitingMessage> model, Random random)
    {
        Assert.Equal(model.Count, index.Count);
        Assert.Equal(model.Count == 0 ? null : model.First().Key, index.Oldest);
        var batch = new WaitingMessage[random.Next(1, 700)];
        Assert.Equal(model.Values, Walk(long.MinValue, (after, into) => index.CopyAfter(after, into)));
        Assert.Equal(model.Values.Reverse(), Walk(long.MaxValue, (before, into) => index.CopyBefore(before, into)));
        long between = random.NextInt64(0, 40_000);
        Assert.Equal(model.Keys.Where(k => k > between).Take(1), Ids(index.CopyAfter(between, batch.AsSpan(0, 1))));
        Assert.Equal(model.Keys.Where(k => k < between).TakeLast(1), Ids(index.CopyBefore(between, batch.AsSpan(0, 1))));
        Assert.Equal(model.GetValueOrDefault(between), index.Find(between));

        IEnumerable<long> Ids(int count) => batch.Take(count).Select(m => m.Id.Value);

        List<WaitingMessage> Walk(long from, Func<long, WaitingMessage[], int> copy)
        {
            var all = new List<WaitingMessage>();
            for (int count; (count = copy(from, batch)) > 0; from = all[^1].Id.Value) all.AddRange(batch.Take(count));
            return all;
        }
    }
}
