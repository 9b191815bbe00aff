#include "phatgoose/report/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "phatgoose/base/utf8.h"

namespace phatgoose {
namespace {

// Sizes in pixels.
constexpr int kCellWidth = 12, kCellHeight = 16, kGap = 4, kMargin = 12, kCharacter = 7;

std::string xml_text(const std::string& text) {
  std::string escaped;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

/// From white (0) to dark blue (1).
std::string colour_of(double share) {
  constexpr std::array<int, 3> kDark = {8, 48, 107};
  const auto part = [&](int dark) { return static_cast<int>(std::lround(255 - share * (255 - dark))); };
  return fmt::format("#{:02x}{:02x}{:02x}", part(kDark[0]), part(kDark[1]), part(kDark[2]));
}

int width_of(const std::vector<std::string>& texts) {
  std::size_t longest = 0;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  return static_cast<int>(longest) * kCharacter;
}

/// Where everything stands.
struct HeatMapLayout {
  int left, top;      ///< of the cells
  int layer_width;    ///< with the gap after it
  int width, height;  ///< of the figure

  HeatMapLayout(const Routes& routes, const Categories& categories)
      : left(kMargin + width_of(routes.tasks) + kGap),
        top(kMargin + width_of(routes.layers) + kGap),
        layer_width(static_cast<int>(routes.copies) * kCellWidth + kGap),
        width(left + static_cast<int>(routes.layers.size()) * layer_width + width_of(categories.names) + kMargin),
        height(top + static_cast<int>(routes.tasks.size()) * kCellHeight +
               static_cast<int>(categories.names.size()) * kGap + kMargin) {}
};

std::string layer_names(const Routes& routes, const HeatMapLayout& layout) {
  std::string svg;
  for (std::size_t layer = 0; layer < routes.layers.size(); ++layer) {
    const int x = layout.left + static_cast<int>(layer) * layout.layer_width + (layout.layer_width - kGap) / 2 + kGap;
    svg += fmt::format("<text transform=\"translate({} {}) rotate(-90)\">{}</text>\n", x, layout.top - kGap,
                       xml_text(routes.layers[layer]));
  }
  return svg;
}

std::string task_cells(const Routes& routes, std::size_t task, int y, const HeatMapLayout& layout) {
  std::string svg;
  const std::span<const double> shares = routes.of(task);
  const auto copies = static_cast<std::size_t>(routes.copies);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const std::size_t layer = i / copies, copy = i % copies;
    const int x = layout.left + static_cast<int>(layer) * layout.layer_width + static_cast<int>(copy) * kCellWidth;
    svg += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"><title>{}, {}, copy {}: "
        "{:.3f}</title></rect>\n",
        x, y, kCellWidth, kCellHeight, colour_of(shares[i]), xml_text(routes.tasks[task]),
        xml_text(routes.layers[layer]), copy + 1, shares[i]);
  }
  return svg;
}

}  // namespace

std::string route_heat_map(const Routes& routes, const Categories& categories) {
  const HeatMapLayout layout(routes, categories);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n"
      "<g stroke=\"#ccc\" stroke-width=\"0.5\">\n",
      layout.width, layout.height);
  std::string texts = layer_names(routes, layout);
  int y = layout.top;
  for (std::size_t category = 0; category < categories.names.size(); ++category, y += kGap) {
    texts += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n",
                         layout.left + static_cast<int>(routes.layers.size()) * layout.layer_width,
                         y + kCellHeight - kGap, xml_text(categories.names[category]));
    for (std::size_t task = 0; task < routes.tasks.size(); ++task) {
      if (categories.of_task[task] != static_cast<std::int64_t>(category)) continue;
      texts += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", layout.left - kGap,
                           y + kCellHeight - kGap, xml_text(routes.tasks[task]));
      svg += task_cells(routes, task, y, layout);
      y += kCellHeight;
    }
  }
  return svg + "</g>\n" + texts + "</svg>\n";
}

}  // namespace phatgoose
