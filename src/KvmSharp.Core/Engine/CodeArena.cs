using KvmSharp.Memory;

namespace KvmSharp.Engine;

/// <summary>Native memory for blocks and link records: pieces of a few sizes, recycled, freed all at once.</summary>
internal sealed unsafe class CodeArena : IDisposable
{
    /// <summary>The most instructions in a block; with head and end the largest piece holds them.</summary>
    public const int MaxInstructions = 62;

    private const int ChunkBytes = 256 * 1024;
    private const int MaxChunks = 128;

    // Micro-ops that a piece of each class holds.
    private static ReadOnlySpan<byte> ClassSizes => [4, 6, 8, 12, 16, 24, 32, 48, 64];

    private readonly List<HostMemory> _chunks = [];
    private readonly nint[] _free = new nint[9];
    private LinkRecord* _freeLinks;
    private byte* _next;
    private byte* _end;
    private int _usedChunks;

    /// <summary>Gets a value indicating whether the arena has reached its bound and must be emptied.</summary>
    public bool IsFull => _usedChunks >= MaxChunks;

    /// <summary>Gets a piece for a block.</summary>
    /// <param name="ops">Micro-ops it must hold.</param>
    /// <returns>The piece, its size class noted.</returns>
    public Block* Allocate(int ops)
    {
        int sizeClass = 0;
        while (ClassSizes[sizeClass] < ops)
        {
            sizeClass++;
        }

        Block* block;
        if (_free[sizeClass] != 0)
        {
            block = (Block*)_free[sizeClass];
            _free[sizeClass] = *(nint*)block;
        }
        else
        {
            block = (Block*)Carve(sizeof(Block) + (ClassSizes[sizeClass] * sizeof(MicroOp)));
        }

        *block = default;
        block->SizeClass = (ushort)sizeClass;
        return block;
    }

    /// <summary>Takes a block back; nothing may run in it or point to it.</summary>
    /// <param name="block">The block.</param>
    public void Free(Block* block)
    {
        int sizeClass = block->SizeClass;
        *(nint*)block = _free[sizeClass];
        _free[sizeClass] = (nint)block;
    }

    public LinkRecord* AllocateLink()
    {
        if (_freeLinks is null)
        {
            return (LinkRecord*)Carve(sizeof(LinkRecord));
        }

        LinkRecord* link = _freeLinks;
        _freeLinks = link->Next;
        return link;
    }

    public void FreeLink(LinkRecord* link)
    {
        link->Next = _freeLinks;
        _freeLinks = link;
    }

    /// <summary>Forgets every piece at once; the memory is kept for new ones.</summary>
    public void Clear()
    {
        Array.Clear(_free);
        _freeLinks = null;
        _usedChunks = 0;
        _next = _end = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (HostMemory chunk in _chunks)
        {
            chunk.Dispose();
        }

        _chunks.Clear();
        Clear();
    }

    private byte* Carve(int bytes)
    {
        if (_end - _next < bytes)
        {
            if (_usedChunks == _chunks.Count)
            {
                _chunks.Add(new HostMemory(ChunkBytes)); // of which a small guest touches little
            }

            _next = _chunks[_usedChunks++].Pointer;
            _end = _next + ChunkBytes;
        }

        byte* piece = _next;
        _next += bytes;
        return piece;
    }
}
