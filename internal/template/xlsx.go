package template

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// widths are those of the columns A to N, in characters.
var widths = [Columns]float64{2.5, 3, 14, 13, 13, 10, 14, 10, 12, 12, 12, 12, 14, 20}

// Colours that administrators know: blue on light blue for what the reader
// knows by its name, blue frames for values, orange for those of the site.
const (
	blue      = "0000FF"
	lightBlue = "CCE5FF"
	orange    = "FFC000"
	grey      = "A6A6A6"
)

// looks are the styles of excelize for ours.
func looks(s Sheet) map[Style]*excelize.Style {
	family := "Arial"
	if s.Japanese {
		family = "ＭＳ Ｐゴシック"
	}
	font := func(bold bool, size float64, color string) *excelize.Font {
		return &excelize.Font{Family: family, Bold: bold, Size: size, Color: color}
	}
	frame := func(color string) []excelize.Border {
		var list []excelize.Border
		for _, side := range []string{"left", "right", "top", "bottom"} {
			list = append(list, excelize.Border{Type: side, Color: color, Style: 1})
		}
		return list
	}
	fill := func(color string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
	}
	centre := &excelize.Alignment{Vertical: "center"}
	inFrame := &excelize.Alignment{Horizontal: "left", Vertical: "center", Indent: 1, WrapText: true}
	const asText = 49 // "@": "10" stays "10", and "-e" is no formula
	return map[Style]*excelize.Style{
		Title:  {Font: font(true, 10, "000000"), Alignment: centre},
		Legend: {Font: font(false, 9, "404040"), Alignment: centre},
		Name:   {Font: font(true, 9, blue), Fill: fill(lightBlue), Border: frame(grey), Alignment: centre},
		Header: {Font: font(false, 9, blue), Fill: fill(lightBlue), Border: frame(grey), Alignment: inFrame},
		Label:  {Font: font(false, 9, "000000"), Border: frame(grey), Alignment: inFrame},
		Fixed:  {Font: font(false, 9, "000000"), Border: frame(blue), NumFmt: asText, Alignment: inFrame},
		Adapt:  {Font: font(false, 9, "000000"), Fill: fill(orange), Border: frame(blue), NumFmt: asText, Alignment: inFrame},
		Note:   {Font: font(false, 9, "404040"), Border: frame(grey), NumFmt: asText, Alignment: inFrame},
	}
}

// XLSX is the sheet as a workbook of one worksheet.
func (s Sheet) XLSX() ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	w := &workbook{file: f, sheet: s, styles: map[Style]int{}}
	for _, step := range []func() error{w.prepare, w.cells, w.page} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("cannot make the workbook: %w", err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, fmt.Errorf("cannot make the workbook: %w", err)
	}
	return b.Bytes(), nil
}

type workbook struct {
	file   *excelize.File
	sheet  Sheet
	styles map[Style]int
}

func (w *workbook) prepare() error {
	if err := w.file.SetSheetName("Sheet1", w.sheet.Name); err != nil {
		return err
	}
	err := w.file.SetDocProps(&excelize.DocProperties{Title: strings.TrimPrefix(w.sheet.Rows[0][0].Text, "# "), Creator: "pg-rex"})
	if err != nil {
		return err
	}
	look := looks(w.sheet)
	for style := Title; style <= Note; style++ { // in one order, so that the file is always the same
		id, err := w.file.NewStyle(look[style])
		if err != nil {
			return err
		}
		w.styles[style] = id
	}
	for i, width := range widths {
		column, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		if err := w.file.SetColWidth(w.sheet.Name, column, column, width); err != nil {
			return err
		}
	}
	return nil
}

func (w *workbook) cells() error {
	for r, row := range w.sheet.Rows {
		for c, cell := range row {
			if err := w.cell(r+1, c+1, cell); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *workbook) cell(row, column int, cell Cell) error {
	if cell.Text == "" && cell.Style == Plain {
		return nil
	}
	first, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return err
	}
	last, err := excelize.CoordinatesToCellName(column+max(cell.Span, 1)-1, row)
	if err != nil {
		return err
	}
	if last != first {
		if err := w.file.MergeCell(w.sheet.Name, first, last); err != nil {
			return err
		}
	}
	if id, ok := w.styles[cell.Style]; ok {
		if err := w.file.SetCellStyle(w.sheet.Name, first, last, id); err != nil {
			return err
		}
	}
	return w.file.SetCellStr(w.sheet.Name, first, cell.Text)
}

// page is how the sheet is shown and printed: the first rows stay in sight, and
// the width of a page of A4 holds all columns.
func (w *workbook) page() error {
	name := w.sheet.Name
	yes, landscape, a4, one, any := true, "landscape", 9, 1, 0
	const kept = 2             // rows that say what the sheet is
	margin, narrow := 0.4, 0.2 // inches
	steps := []error{
		w.file.SetPanes(name, &excelize.Panes{Freeze: true, YSplit: kept, TopLeftCell: fmt.Sprintf("A%d", kept+1), ActivePane: "bottomLeft"}),
		w.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes}),
		w.file.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &landscape, FitToWidth: &one, FitToHeight: &any}),
		w.file.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &margin, Right: &margin, Top: &margin, Bottom: &margin, Header: &narrow, Footer: &narrow}),
		w.file.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: "&L&A&R&P / &N"}),
		w.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$1:$1", name), Scope: name}),
		w.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: fmt.Sprintf("'%s'!$A$1:$N$%d", name, len(w.sheet.Rows)), Scope: name}),
	}
	for _, err := range steps {
		if err != nil {
			return err
		}
	}
	return nil
}
