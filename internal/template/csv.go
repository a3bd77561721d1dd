package template

import (
	"bytes"
	"encoding/csv"
	"fmt"

	"golang.org/x/text/encoding/japanese"
)

// Encoding is that of a CSV file.
type Encoding string

// The encodings. CP932 is what Japanese spreadsheet programs write and read
// without asking, and what pm_crmgen reads; a BOM makes them take UTF-8.
const (
	CP932   Encoding = "cp932"
	UTF8    Encoding = "utf8"
	UTF8BOM Encoding = "utf8-bom"
)

// CSV is the sheet as CSV: 14 columns, CR LF.
func (s Sheet) CSV(e Encoding) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range s.Rows {
		record := make([]string, Columns)
		for i, cell := range row {
			record[i] = cell.Text
		}
		if err := w.Write(record); err != nil {
			return nil, fmt.Errorf("cannot write the sheet: %w", err)
		}
	}
	w.Flush()
	switch e {
	case CP932:
		out, err := japanese.ShiftJIS.NewEncoder().Bytes(b.Bytes())
		if err != nil {
			return nil, fmt.Errorf("cannot write the sheet in CP932: %w", err)
		}
		return out, nil
	case UTF8BOM:
		return append([]byte("\ufeff"), b.Bytes()...), nil
	}
	return b.Bytes(), nil
}
