namespace GuestTests;

/// <summary>The images under test; the project file lays them beside the tests.</summary>
internal static class GuestFiles
{
    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, name);
}
