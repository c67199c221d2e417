namespace KvmSharp.Machines.Tests;

/// <summary>What <c>qemu-img check</c> calls errors, found independently of the disk under test: it knows only the file's bytes.</summary>
internal sealed class Qcow2Check
{
    private readonly byte[] _image;
    private readonly int _clusterBits;
    private readonly Dictionary<long, int> _references = [];
    private readonly List<string> _errors = [];
    private int _leaks;

    private Qcow2Check(byte[] image)
    {
        _image = image;
        _clusterBits = (int)Qcow2Bytes.U32(image, 20);
    }

    private long Cluster => 1L << _clusterBits;

    /// <summary>The errors and the number of leaked clusters.</summary>
    public static (IReadOnlyList<string> Errors, int Leaks) Run(byte[] image)
    {
        var check = new Qcow2Check(image);
        check.All();
        return (check._errors, check._leaks);
    }

    private void All()
    {
        Refer(0, Cluster, "header");
        long table = Offset(48);
        long tableBytes = Qcow2Bytes.U32(_image, 56) * Cluster;
        Refer(table, tableBytes, "refcount table");
        for (long at = table; at < table + tableBytes; at += 8)
        {
            if (Offset(at) != 0)
            {
                Refer(Offset(at), Cluster, "refcount block");
            }
        }

        var flagged = new List<(long Host, bool Copied, string What)>();
        Walk(Offset(40), Qcow2Bytes.U32(_image, 36), flagged);
        Snapshots();
        for (long number = 0; number <= _image.Length >> _clusterBits || _references.ContainsKey(number); number++)
        {
            ulong has = Refcount(number);
            ulong needs = (ulong)_references.GetValueOrDefault(number);
            _leaks += has > needs ? 1 : 0;
            Expect(has >= needs, $"cluster {number} has refcount {has} and {needs} references");
        }

        foreach ((long host, bool copied, string what) in flagged)
        {
            Expect(copied == (Refcount(host >> _clusterBits) == 1), $"{what} at {host:X}: COPIED is {copied}, refcount {Refcount(host >> _clusterBits)}");
        }
    }

    private void Walk(long l1, long entries, List<(long Host, bool Copied, string What)> flagged)
    {
        Refer(l1, entries * 8, "L1");
        for (long i = 0; i < entries; i++)
        {
            ulong entry = Qcow2Bytes.U64(_image, l1 + (8 * i));
            var l2 = (long)(entry & Qcow2Cluster.OffsetMask);
            if (l2 == 0)
            {
                continue;
            }

            Refer(l2, Cluster, "L2");
            Expect(l2 + Cluster <= _image.Length, "an L2 table is not whole");
            flagged.Add((l2, (entry & Qcow2Cluster.Copied) != 0, "L2"));
            for (long j = 0; j < Cluster / 8 && l2 + Cluster <= _image.Length; j++)
            {
                Entry(Qcow2Bytes.U64(_image, l2 + (8 * j)), flagged);
            }
        }
    }

    private void Entry(ulong entry, List<(long Host, bool Copied, string What)> flagged)
    {
        if ((entry & (1UL << 62)) != 0)
        {
            int bits = 62 - (_clusterBits - 8);
            var offset = (long)(entry & ((1UL << bits) - 1));
            long sectors = (long)((entry & ((1UL << 62) - 1)) >> bits) + 1;
            Refer(offset & ~511L, sectors * 512, "compressed");
        }
        else if ((entry & Qcow2Cluster.OffsetMask) is var host and not 0)
        {
            Refer((long)host, Cluster, "data");
            flagged.Add(((long)host, (entry & Qcow2Cluster.Copied) != 0, "data"));
        }
    }

    private void Snapshots()
    {
        uint count = Qcow2Bytes.U32(_image, 60);
        long start = (long)Qcow2Bytes.U64(_image, 64);
        long at = start;
        for (uint i = 0; i < count; i++)
        {
            Walk((long)Qcow2Bytes.U64(_image, at), Qcow2Bytes.U32(_image, at + 8), []);
            long names = (Qcow2Bytes.U32(_image, at + 12) >> 16) + (Qcow2Bytes.U32(_image, at + 12) & 0xFFFF);
            at = (at + 40 + Qcow2Bytes.U32(_image, at + 36) + names + 7) & ~7L;
        }

        if (count > 0)
        {
            Refer(start, at - start, "snapshot table");
        }
    }

    private ulong Refcount(long number)
    {
        var format = new RefcountBlock(Qcow2Bytes.U32(_image, 4) == 2 ? 4 : (int)Qcow2Bytes.U32(_image, 96));
        int entries = format.Entries((int)Cluster);
        long slot = number / entries;
        if (slot >= Qcow2Bytes.U32(_image, 56) * Cluster / 8)
        {
            return 0;
        }

        long block = Offset(Offset(48) + (slot * 8));
        return block == 0 || block + Cluster > _image.Length ? 0 : format.Get(_image.AsSpan((int)block, (int)Cluster), (int)(number % entries));
    }

    private long Offset(long at) => (long)Qcow2Bytes.U64(_image, at);

    private void Refer(long offset, long bytes, string what)
    {
        Expect(offset + bytes <= _image.Length + Cluster, $"{what} lies beyond the end");
        for (long number = offset >> _clusterBits; number <= (offset + bytes - 1) >> _clusterBits; number++)
        {
            _references[number] = _references.GetValueOrDefault(number) + 1;
        }
    }

    private void Expect(bool condition, string error)
    {
        if (!condition)
        {
            _errors.Add(error);
        }
    }
}
