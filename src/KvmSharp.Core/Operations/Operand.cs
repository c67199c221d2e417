using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>What depends on an operand's width: byte, ushort, uint and ulong stand for 8, 16, 32 and 64 bits.</summary>
/// <remarks>
/// Every width test is on the size of a type, which the JIT knows, so one conversion is left of each method. <c>Unsafe.BitCast</c>
/// rather than <c>CreateTruncating</c>: the same code when optimised, and cheap when it is not.
/// </remarks>
internal static class Operand
{
    /// <summary>Gives the width in bits.</summary>
    /// <typeparam name="T">The operand's type.</typeparam>
    /// <returns>8, 16, 32 or 64.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bits<T>()
        where T : unmanaged => Unsafe.SizeOf<T>() * 8;

    /// <summary>Masks a shift count as the processor does: to 5 bits, or to 6 for 64-bit operands.</summary>
    /// <typeparam name="T">The operand's type.</typeparam>
    /// <param name="count">The count as CL or the immediate byte gives it.</param>
    /// <returns>0 to 31, or 0 to 63.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MaskCount<T>(int count)
        where T : unmanaged => count & (Unsafe.SizeOf<T>() == 8 ? 63 : 31);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ZeroExtend<T>(T value)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 1)
        {
            return Unsafe.BitCast<T, byte>(value);
        }

        if (Unsafe.SizeOf<T>() == 2)
        {
            return Unsafe.BitCast<T, ushort>(value);
        }

        return Unsafe.SizeOf<T>() == 4 ? Unsafe.BitCast<T, uint>(value) : Unsafe.BitCast<T, ulong>(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignExtend<T>(T value)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 1)
        {
            return (ulong)(long)Unsafe.BitCast<T, sbyte>(value);
        }

        if (Unsafe.SizeOf<T>() == 2)
        {
            return (ulong)(long)Unsafe.BitCast<T, short>(value);
        }

        return Unsafe.SizeOf<T>() == 4 ? (ulong)(long)Unsafe.BitCast<T, int>(value) : Unsafe.BitCast<T, ulong>(value);
    }

    /// <summary>Takes the low bits of a word.</summary>
    /// <typeparam name="T">The operand's type.</typeparam>
    /// <param name="value">The word.</param>
    /// <returns>As many of its low bits as the type holds.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Truncate<T>(ulong value)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 1)
        {
            return Unsafe.BitCast<byte, T>((byte)value);
        }

        if (Unsafe.SizeOf<T>() == 2)
        {
            return Unsafe.BitCast<ushort, T>((ushort)value);
        }

        return Unsafe.SizeOf<T>() == 4 ? Unsafe.BitCast<uint, T>((uint)value) : Unsafe.BitCast<ulong, T>(value);
    }

    /// <summary>Moves the operand's top bit to bit 63, where flags are read off; the bits below the operand are 0.</summary>
    /// <typeparam name="T">The operand's type.</typeparam>
    /// <param name="value">The operand.</param>
    /// <returns>The operand, shifted left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong AlignTop<T>(T value)
        where T : unmanaged => ZeroExtend(value) << (64 - Bits<T>());
}
