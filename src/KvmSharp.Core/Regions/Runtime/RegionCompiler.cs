using System.Collections.Concurrent;

namespace KvmSharp.Regions;

/// <summary>Compiles the regions of all machines on one thread in the background, one after the other.</summary>
/// <remarks>While it waits it holds on to nothing, so that a forgotten machine can be collected.</remarks>
internal static class RegionCompiler
{
    private static readonly BlockingCollection<Order> Orders = [];
    private static readonly Lazy<Thread> Worker = new(Start);

    /// <summary>Asks for a region.</summary>
    /// <param name="region">The region.</param>
    /// <param name="mailbox">Where it is left when it is compiled.</param>
    /// <param name="counters">Count the time.</param>
    /// <param name="limit">Bytes that all code of the vCPU may take.</param>
    public static void Add(Region region, RegionMailbox mailbox, TranslatorCounters counters, long limit)
    {
        _ = Worker.Value;
        Orders.Add(new Order(region, mailbox, counters, limit));
    }

    /// <summary>Compiles one region on the calling thread.</summary>
    /// <param name="region">Gets its code; none when it was dropped meanwhile, or is larger than the limit.</param>
    /// <param name="counters">Count the time.</param>
    /// <param name="limit">Bytes that all code of the vCPU may take.</param>
    public static void Compile(Region region, TranslatorCounters counters, long limit)
    {
        if (region.IsDropped)
        {
            return;
        }

        TimeProvider time = TimeProvider.System; // a figure for people: no guest sees it
        long start = time.GetTimestamp();
        var code = new RegionCode(new RegionEmitter(region.Plan).Emit());
        counters.CompileNanoseconds += (long)time.GetElapsedTime(start).TotalNanoseconds;
        region.Code = code.Bytes <= limit ? code : null;
    }

    private static Thread Start()
    {
        var thread = new Thread(Work) { IsBackground = true, Name = "kvmsharp translator", Priority = ThreadPriority.BelowNormal };
        thread.Start();
        return thread;
    }

    private static void Work()
    {
        foreach (Order order in Orders.GetConsumingEnumerable())
        {
            Compile(order.Region, order.Counters, order.Limit);
            order.Mailbox.Leave(order.Region);
        }
    }

    private sealed record Order(Region Region, RegionMailbox Mailbox, TranslatorCounters Counters, long Limit);
}
