Console.WriteLine("no benchmark chosen");
