#include "phatgoose/report/table_formats.h"

#include <catch2/catch.hpp>

namespace phatgoose {
namespace {

Table awkward_table() {
  Table table({"name", "a & b", "95 % interval"}, {1, 2});
  table.add({"x_1, \"y\"", "-3.5", "[-4.0, 1.0]"});
  table.add_rule();
  table.add({"*[a|b]", "-", ""});
  return table;
}

TEST_CASE("a table as text is that of Table") {
  CHECK(formatted(awkward_table(), TableFormat::text) == awkward_table().text());
}

TEST_CASE("CSV quotes what RFC 4180 says, and has no rules") {
  CHECK(formatted(awkward_table(), TableFormat::csv) ==
        "name,a & b,95 % interval\r\n"
        "\"x_1, \"\"y\"\"\",-3.5,\"[-4.0, 1.0]\"\r\n"
        "*[a|b],-,\r\n");
}

TEST_CASE("Markdown aligns columns and escapes its own characters") {
  CHECK(formatted(awkward_table(), TableFormat::markdown) ==
        "| name | a & b | 95 % interval |\n"
        "|---|---:|---:|\n"
        "| x\\_1, \"y\" | -3.5 | [-4.0, 1.0] |\n"
        "| \\*[a\\|b] | - |  |\n");
}

TEST_CASE("LaTeX gets booktabs rules, minus signs, and no character that it would act on") {
  CHECK(formatted(awkward_table(), TableFormat::latex) ==
        "\\begin{tabular}{lrr}\n"
        "\\toprule\n"
        "name & a \\& b & 95 \\% interval \\\\\n"
        "\\midrule\n"
        "x\\_1, \\textquotedbl{}y\\textquotedbl{} & $-$3.5 & [$-$4.0, 1.0] \\\\\n"
        "\\midrule\n"
        "{}*[a\\textbar{}b] & -- &  \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n");
  Table table({"t"});
  table.add({"\\ ~ ^ < > # $ { } caf\u00e9-1"});
  CHECK(formatted(table, TableFormat::latex) ==
        "\\begin{tabular}{l}\n\\toprule\nt \\\\\n\\midrule\n"
        "\\textbackslash{} \\textasciitilde{} \\textasciicircum{} \\textless{} \\textgreater{} \\# \\$ \\{ \\} "
        "caf\u00e9-1 \\\\\n"
        "\\bottomrule\n\\end{tabular}\n");
}

}  // namespace
}  // namespace phatgoose
