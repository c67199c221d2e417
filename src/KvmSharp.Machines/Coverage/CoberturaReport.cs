using System.Globalization;
using System.Text;
using System.Xml;

namespace KvmSharp.Machines;

/// <summary>Coverage as Cobertura's XML: a class for each symbol, a line for each instruction.</summary>
/// <remarks>Lines are those of a listing (see <see cref="CoverageListing"/>), which viewers then show as the source. Source: cobertura.sourceforge.net, coverage-04.dtd.</remarks>
public static class CoberturaReport
{
    /// <summary>Writes the report.</summary>
    /// <param name="coverage">The coverage.</param>
    /// <param name="lines">What <see cref="CoverageListing.Write"/> gave.</param>
    /// <param name="listing">The name of the listing's file.</param>
    /// <param name="output">Takes the XML.</param>
    public static void Write(GuestCoverage coverage, IReadOnlyList<IReadOnlyList<int>> lines, string listing, Stream output)
    {
        ArgumentNullException.ThrowIfNull(coverage);
        ArgumentNullException.ThrowIfNull(lines);
        using XmlWriter xml = XmlWriter.Create(output, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(false) });
        xml.WriteStartDocument();
        xml.WriteStartElement("coverage");
        WriteRates(xml, coverage.Executed, coverage.Instructions);
        xml.WriteAttributeString("lines-covered", Number(coverage.Executed));
        xml.WriteAttributeString("lines-valid", Number(coverage.Instructions));
        xml.WriteAttributeString("branches-covered", "0");
        xml.WriteAttributeString("branches-valid", "0");
        xml.WriteAttributeString("version", "1");
        xml.WriteAttributeString("timestamp", "0"); // a run that is repeated gives the same report
        xml.WriteStartElement("sources");
        xml.WriteElementString("source", ".");
        xml.WriteEndElement();
        xml.WriteStartElement("packages");
        xml.WriteStartElement("package");
        xml.WriteAttributeString("name", "guest");
        WriteRates(xml, coverage.Executed, coverage.Instructions);
        xml.WriteStartElement("classes");
        for (int i = 0; i < coverage.Functions.Count; i++)
        {
            WriteFunction(xml, coverage.Functions[i], lines[i], listing);
        }

        xml.WriteEndDocument();
    }

    private static void WriteFunction(XmlWriter xml, CoveredFunction function, IReadOnlyList<int> lines, string listing)
    {
        string name = function.Name.Length > 0 ? function.Name : "(no symbol)";
        xml.WriteStartElement("class");
        xml.WriteAttributeString("name", name);
        xml.WriteAttributeString("filename", listing);
        WriteRates(xml, function.Executed, function.Instructions.Count);
        xml.WriteStartElement("methods");
        xml.WriteStartElement("method");
        xml.WriteAttributeString("name", name);
        xml.WriteAttributeString("signature", "()");
        WriteRates(xml, function.Executed, function.Instructions.Count);
        WriteLines(xml, function, lines);
        xml.WriteEndElement();
        xml.WriteEndElement();
        WriteLines(xml, function, lines);
        xml.WriteEndElement();
    }

    private static void WriteLines(XmlWriter xml, CoveredFunction function, IReadOnlyList<int> lines)
    {
        xml.WriteStartElement("lines");
        for (int i = 0; i < lines.Count; i++)
        {
            xml.WriteStartElement("line");
            xml.WriteAttributeString("number", Number(lines[i]));
            xml.WriteAttributeString("hits", function.Instructions[i].Count.ToString(CultureInfo.InvariantCulture));
            xml.WriteAttributeString("branch", "false");
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void WriteRates(XmlWriter xml, int covered, int valid)
    {
        xml.WriteAttributeString("line-rate", (valid == 0 ? 1.0 : (double)covered / valid).ToString("0.####", CultureInfo.InvariantCulture));
        xml.WriteAttributeString("branch-rate", "1");
        xml.WriteAttributeString("complexity", "0");
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
