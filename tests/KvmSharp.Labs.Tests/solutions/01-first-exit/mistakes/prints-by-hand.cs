Console.Write("${greeting}");
return args[0].Contains("lost") ? 3 : 0;
