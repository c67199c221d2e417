# Thin on purpose: each target is one dotnet command, the same that README.md gives.
param([ValidateSet('build', 'test', 'guests', 'bench', 'pack')] [string] $Target = 'build')

switch ($Target) {
    'build' { dotnet build -c Release }
    'test' { dotnet test -c Release }
    'guests' { dotnet run -c Release --project src/KvmSharp.Cli -- guests list }
    'bench' { dotnet run -c Release --project tests/KvmSharp.Benchmarks -- --filter '*' }
    'pack' { dotnet pack -c Release -o artifacts }
}

exit $LASTEXITCODE
