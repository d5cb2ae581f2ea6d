// The attributes the viewer asks for, by keyword (PS3.6 2024e, table 6-1), in dicom-parser's spelling.

export const T = {
  TransferSyntaxUID: 'x00020010', SpecificCharacterSet: 'x00080005', SOPClassUID: 'x00080016', SOPInstanceUID: 'x00080018',
  StudyDate: 'x00080020', ContentDate: 'x00080023', StudyTime: 'x00080030', AccessionNumber: 'x00080050', Modality: 'x00080060',
  InstitutionName: 'x00080080', StudyDescription: 'x00081030', SeriesDescription: 'x0008103e', ReferencedSOPClassUID: 'x00081150',
  ReferencedSOPInstanceUID: 'x00081155', ReferencedFrameNumber: 'x00081160', ReferencedSOPSequence: 'x00081199',
  CodeValue: 'x00080100', CodingSchemeDesignator: 'x00080102', CodeMeaning: 'x00080104',
  PatientName: 'x00100010', PatientID: 'x00100020', PatientBirthDate: 'x00100030', PatientSex: 'x00100040',
  CineRate: 'x00180040', FrameTime: 'x00181063', ImagerPixelSpacing: 'x00181164', NominalScannedPixelSpacing: 'x00182010',
  PixelSpacingCalibrationType: 'x00280a02', SequenceOfUltrasoundRegions: 'x00186011',
  PhysicalUnitsX: 'x00186024', PhysicalDeltaX: 'x0018602c', PhysicalDeltaY: 'x0018602e',
  StudyInstanceUID: 'x0020000d', SeriesInstanceUID: 'x0020000e', SeriesNumber: 'x00200011', InstanceNumber: 'x00200013',
  PatientOrientation: 'x00200020', ImageOrientationPatient: 'x00200037',
  PlaneOrientationSequence: 'x00209116', PixelMeasuresSequence: 'x00289110', FrameVOILUTSequence: 'x00289132',
  PixelValueTransformationSequence: 'x00289145', SharedFunctionalGroupsSequence: 'x52009229', PerFrameFunctionalGroupsSequence: 'x52009230',
  SamplesPerPixel: 'x00280002', PhotometricInterpretation: 'x00280004', PlanarConfiguration: 'x00280006', NumberOfFrames: 'x00280008',
  Rows: 'x00280010', Columns: 'x00280011', PixelSpacing: 'x00280030', PixelAspectRatio: 'x00280034', BitsAllocated: 'x00280100',
  BitsStored: 'x00280101', HighBit: 'x00280102', PixelRepresentation: 'x00280103', PixelPaddingValue: 'x00280120',
  PixelPaddingRangeLimit: 'x00280121', WindowCenter: 'x00281050', WindowWidth: 'x00281051', RescaleIntercept: 'x00281052',
  RescaleSlope: 'x00281053', RescaleType: 'x00281054', WindowCenterWidthExplanation: 'x00281055', VOILUTFunction: 'x00281056',
  RedDescriptor: 'x00281101', GreenDescriptor: 'x00281102', BlueDescriptor: 'x00281103', RedData: 'x00281201', GreenData: 'x00281202',
  BlueData: 'x00281203', RedSegmented: 'x00281221', GreenSegmented: 'x00281222', BlueSegmented: 'x00281223',
  LossyImageCompression: 'x00282110', ModalityLUTSequence: 'x00283000', LUTDescriptor: 'x00283002', LUTExplanation: 'x00283003',
  LUTData: 'x00283006', VOILUTSequence: 'x00283010', PresentationLUTShape: 'x20500020', Units: 'x00541001',
  DocumentTitle: 'x00420010', EncapsulatedDocument: 'x00420011', MIMETypeOfEncapsulatedDocument: 'x00420012',
  EncapsulatedDocumentLength: 'x00420015',
  ValueType: 'x0040a040', ConceptNameCodeSequence: 'x0040a043', ContentSequence: 'x0040a730', ConceptCodeSequence: 'x0040a168',
  MeasuredValueSequence: 'x0040a300', NumericValue: 'x0040a30a', MeasurementUnitsCodeSequence: 'x004008ea', TextValue: 'x0040a160',
  DateTime: 'x0040a120', Date: 'x0040a121', Time: 'x0040a122', PersonName: 'x0040a123', UID: 'x0040a124', RelationshipType: 'x0040a010',
  CompletionFlag: 'x0040a491', VerificationFlag: 'x0040a493',
  ExtendedOffsetTable: 'x7fe00001', ExtendedOffsetTableLengths: 'x7fe00002', FloatPixelData: 'x7fe00008', DoubleFloatPixelData: 'x7fe00009',
  PixelData: 'x7fe00010',
} as const;

/** "00100010" of "x00100010". */
export const plain = (tag: string) => tag.slice(1).toUpperCase();
