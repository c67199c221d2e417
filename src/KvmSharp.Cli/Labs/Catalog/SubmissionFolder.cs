namespace KvmSharp.Cli.Labs;

/// <summary>One submission in a folder of them.</summary>
internal sealed record Submission(string Student, string Path);

/// <summary>Finds the submissions in a folder: a folder or a file for each student, named by the id.</summary>
internal static class SubmissionFolder
{
    /// <summary>Finds them, by id.</summary>
    /// <exception cref="HostException">There is no such folder.</exception>
    public static IReadOnlyList<Submission> Find(string folder, LabDescription lab)
    {
        if (!Directory.Exists(folder))
        {
            throw new HostException($"{folder} is no folder.");
        }

        IEnumerable<Submission> folders = Directory.GetDirectories(folder).Select(path => new Submission(Path.GetFileName(path), Inner(path, lab)));
        IEnumerable<Submission> files = Directory.GetFiles(folder, "*.cs").Select(path => new Submission(Path.GetFileNameWithoutExtension(path), path));
        return [.. folders.Concat(files).OrderBy(submission => submission.Student, StringComparer.Ordinal)];
    }

    private static string Inner(string path, LabDescription lab)
    {
        string inner = Path.Combine(path, LabFolder.NameOf(lab));
        return !File.Exists(Path.Combine(path, LabFolder.SourceName)) && Directory.Exists(inner) ? inner : path;
    }
}
