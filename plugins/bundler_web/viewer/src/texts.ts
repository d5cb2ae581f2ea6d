// All words of the viewer, in its five languages; {0}, {1} are filled in. The order of the columns is that of LANGUAGES.

export const LANGUAGES = ['en', 'de', 'fr', 'es', 'it'] as const;
export type Language = (typeof LANGUAGES)[number];
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', it: 'Italiano' };

const TABLE = {
  title: ['Medical images', 'Medizinische Bilder', 'Images médicales', 'Imágenes médicas', 'Immagini mediche'],
  notDiagnosis: ['Not for diagnosis', 'Nicht zur Befundung', 'Pas pour le diagnostic', 'No apto para diagnóstico', 'Non per uso diagnostico'],
  notDiagnosisLong: ['This viewer is for looking at images only. It must not be used for diagnosis.', 'Dieser Betrachter dient nur der Ansicht. Er darf nicht zur Befundung benutzt werden.', 'Cette visionneuse sert uniquement à regarder les images. Elle ne doit pas servir au diagnostic.', 'Este visor solo sirve para ver imágenes. No debe usarse para diagnóstico.', 'Questo visualizzatore serve solo a guardare le immagini. Non va usato per la diagnosi.'],
  language: ['Language', 'Sprache', 'Langue', 'Idioma', 'Lingua'],
  contents: ['Contents', 'Inhalt', 'Contenu', 'Contenido', 'Contenuto'],
  toggleContents: ['Show or hide contents', 'Inhalt ein- oder ausblenden', 'Afficher ou masquer le contenu', 'Mostrar u ocultar el contenido', 'Mostra o nascondi il contenuto'],
  tools: ['Tools', 'Werkzeuge', 'Outils', 'Herramientas', 'Strumenti'],
  images: ['Images', 'Bilder', 'Images', 'Imágenes', 'Immagini'],
  help: ['Help', 'Hilfe', 'Aide', 'Ayuda', 'Aiuto'],
  close: ['Close', 'Schließen', 'Fermer', 'Cerrar', 'Chiudi'],
  more: ['More', 'Mehr', 'Plus', 'Más', 'Altro'],
  scroll: ['Scroll', 'Blättern', 'Défiler', 'Recorrer', 'Scorri'],
  window: ['Brightness', 'Helligkeit', 'Luminosité', 'Brillo', 'Luminosità'],
  zoom: ['Zoom', 'Zoom', 'Zoom', 'Zoom', 'Zoom'],
  zoomIn: ['Zoom in', 'Vergrößern', 'Agrandir', 'Ampliar', 'Ingrandisci'],
  zoomOut: ['Zoom out', 'Verkleinern', 'Réduire', 'Reducir', 'Riduci'],
  pan: ['Move', 'Schieben', 'Déplacer', 'Mover', 'Sposta'],
  length: ['Length', 'Länge', 'Longueur', 'Longitud', 'Lunghezza'],
  angle: ['Angle', 'Winkel', 'Angle', 'Ángulo', 'Angolo'],
  probe: ['Value', 'Wert', 'Valeur', 'Valor', 'Valore'],
  presets: ['Window', 'Fenster', 'Fenêtre', 'Ventana', 'Finestra'],
  fit: ['Fit', 'Einpassen', 'Ajuster', 'Ajustar', 'Adatta'],
  oneToOne: ['1:1', '1:1', '1:1', '1:1', '1:1'],
  oneToOneLong: ['One image pixel per screen pixel', 'Ein Bildpunkt je Bildschirmpunkt', 'Un pixel d’image par pixel d’écran', 'Un píxel de imagen por píxel de pantalla', 'Un pixel d’immagine per pixel di schermo'],
  invert: ['Invert', 'Umkehren', 'Inverser', 'Invertir', 'Inverti'],
  rotate: ['Rotate', 'Drehen', 'Pivoter', 'Girar', 'Ruota'],
  flipH: ['Mirror', 'Spiegeln', 'Miroir', 'Espejo', 'Specchia'],
  flipV: ['Upside down', 'Kopfstand', 'Retourner', 'Voltear', 'Capovolgi'],
  reset: ['Reset', 'Zurücksetzen', 'Réinitialiser', 'Restablecer', 'Ripristina'],
  play: ['Play', 'Abspielen', 'Lire', 'Reproducir', 'Riproduci'],
  stop: ['Stop', 'Anhalten', 'Arrêter', 'Detener', 'Ferma'],
  rate: ['Images per second', 'Bilder je Sekunde', 'Images par seconde', 'Imágenes por segundo', 'Immagini al secondo'],
  layout: ['Layout', 'Aufteilung', 'Disposition', 'Disposición', 'Disposizione'],
  clear: ['Remove measurements', 'Messungen entfernen', 'Effacer les mesures', 'Borrar medidas', 'Cancella misure'],
  save: ['Save as picture', 'Als Bild speichern', 'Enregistrer l’image', 'Guardar como imagen', 'Salva come immagine'],
  fullScreen: ['Full screen', 'Vollbild', 'Plein écran', 'Pantalla completa', 'Schermo intero'],
  overlay: ['Text on images', 'Text auf Bildern', 'Texte sur les images', 'Texto en imágenes', 'Testo sulle immagini'],
  winImage: ['As stored', 'Wie gespeichert', 'Enregistrée', 'Guardada', 'Come salvata'],
  winImageN: ['As stored {0}', 'Wie gespeichert {0}', 'Enregistrée {0}', 'Guardada {0}', 'Come salvata {0}'],
  winFull: ['Full range', 'Ganzer Bereich', 'Plage entière', 'Rango completo', 'Intervallo intero'],
  winOwn: ['Own', 'Eigene', 'Personnalisée', 'Propia', 'Personale'],
  winBrain: ['Brain', 'Gehirn', 'Cerveau', 'Cerebro', 'Cervello'],
  winLung: ['Lung', 'Lunge', 'Poumon', 'Pulmón', 'Polmone'],
  winBone: ['Bone', 'Knochen', 'Os', 'Hueso', 'Osso'],
  winSoft: ['Soft tissue', 'Weichteile', 'Tissus mous', 'Tejidos blandos', 'Tessuti molli'],
  winTable: ['Table {0}', 'Tabelle {0}', 'Table {0}', 'Tabla {0}', 'Tabella {0}'],
  image: ['Image {0} of {1}', 'Bild {0} von {1}', 'Image {0} sur {1}', 'Imagen {0} de {1}', 'Immagine {0} di {1}'],
  frame: ['Frame {0} of {1}', 'Einzelbild {0} von {1}', 'Vue {0} sur {1}', 'Fotograma {0} de {1}', 'Fotogramma {0} di {1}'],
  series: ['Series', 'Serie', 'Série', 'Serie', 'Serie'],
  study: ['Study', 'Untersuchung', 'Examen', 'Estudio', 'Esame'],
  patient: ['Patient', 'Patient', 'Patient', 'Paciente', 'Paziente'],
  born: ['born {0}', 'geb. {0}', 'né(e) le {0}', 'nac. {0}', 'nato/a il {0}'],
  sexM: ['male', 'männlich', 'masculin', 'masculino', 'maschile'],
  sexF: ['female', 'weiblich', 'féminin', 'femenino', 'femminile'],
  sexO: ['other', 'divers', 'autre', 'otro', 'altro'],
  noName: ['No name', 'Ohne Namen', 'Sans nom', 'Sin nombre', 'Senza nome'],
  windowIs: ['C {0} · W {1}', 'C {0} · W {1}', 'C {0} · L {1}', 'C {0} · A {1}', 'C {0} · A {1}'],
  lossy: ['Compressed with loss', 'Verlustbehaftet komprimiert', 'Compression avec perte', 'Compresión con pérdida', 'Compressione con perdita'],
  reduced: ['Reduced copy: {0} × {1} of {2} × {3}', 'Verkleinerte Kopie: {0} × {1} von {2} × {3}', 'Copie réduite : {0} × {1} sur {2} × {3}', 'Copia reducida: {0} × {1} de {2} × {3}', 'Copia ridotta: {0} × {1} di {2} × {3}'],
  reducedBar: ['You see reduced copies of the images.', 'Sie sehen verkleinerte Kopien der Bilder.', 'Vous voyez des copies réduites des images.', 'Está viendo copias reducidas de las imágenes.', 'Sta vedendo copie ridotte delle immagini.'],
  noneBar: ['The images are on the disc, outside this page.', 'Die Bilder liegen auf dem Datenträger, außerhalb dieser Seite.', 'Les images sont sur le disque, hors de cette page.', 'Las imágenes están en el disco, fuera de esta página.', 'Le immagini sono sul disco, fuori da questa pagina.'],
  quality: ['Image quality', 'Bildqualität', 'Qualité d’image', 'Calidad de imagen', 'Qualità d’immagine'],
  choose: ['Show full quality: choose the disc', 'Volle Qualität: Datenträger auswählen', 'Pleine qualité : choisir le disque', 'Calidad completa: elegir el disco', 'Qualità piena: scegliere il disco'],
  chooseOther: ['Open a folder', 'Ordner öffnen', 'Ouvrir un dossier', 'Abrir una carpeta', 'Apri una cartella'],
  chooseNote: ['The browser may speak of “uploading”: nothing leaves this computer.', 'Der Browser spricht vielleicht von „Hochladen“: Nichts verlässt diesen Rechner.', 'Le navigateur parle peut-être d’« importer » : rien ne quitte cet ordinateur.', 'El navegador quizá hable de «subir»: nada sale de este ordenador.', 'Il browser può parlare di «caricare»: nulla lascia questo computer.'],
  drop: ['Drop the folder here', 'Ordner hier ablegen', 'Déposez le dossier ici', 'Suelte aquí la carpeta', 'Rilasciare qui la cartella'],
  reading: ['Reading files: {0} of {1}', 'Dateien werden gelesen: {0} von {1}', 'Lecture des fichiers : {0} sur {1}', 'Leyendo archivos: {0} de {1}', 'Lettura dei file: {0} di {1}'],
  found: ['{0} of {1} files found', '{0} von {1} Dateien gefunden', '{0} fichiers sur {1} trouvés', '{0} de {1} archivos encontrados', 'Trovati {0} file su {1}'],
  foundNone: ['No DICOM files in this folder.', 'Keine DICOM-Dateien in diesem Ordner.', 'Aucun fichier DICOM dans ce dossier.', 'No hay archivos DICOM en esta carpeta.', 'Nessun file DICOM in questa cartella.'],
  loading: ['Loading …', 'Wird geladen …', 'Chargement …', 'Cargando …', 'Caricamento …'],
  empty: ['Choose a series', 'Wählen Sie eine Serie', 'Choisissez une série', 'Elija una serie', 'Scegliere una serie'],
  emptyVolume: ['No contents were found beside this page. Open a folder with DICOM files.', 'Neben dieser Seite wurde kein Inhalt gefunden. Öffnen Sie einen Ordner mit DICOM-Dateien.', 'Aucun contenu trouvé à côté de cette page. Ouvrez un dossier de fichiers DICOM.', 'No se encontró contenido junto a esta página. Abra una carpeta con archivos DICOM.', 'Nessun contenuto trovato accanto a questa pagina. Aprire una cartella con file DICOM.'],
  errHere: ['{0} cannot be shown: {1}', '{0} kann nicht gezeigt werden: {1}', '{0} ne peut pas être affiché : {1}', '{0} no se puede mostrar: {1}', '{0} non può essere mostrato: {1}'],
  errVideo: ['it is a video. Another program is needed to play it.', 'es ist ein Video. Zum Abspielen wird ein anderes Programm gebraucht.', 'c’est une vidéo. Un autre logiciel est nécessaire pour la lire.', 'es un vídeo. Se necesita otro programa para reproducirlo.', 'è un video. Serve un altro programma per riprodurlo.'],
  errSyntax: ['its transfer syntax {0} is not known to this viewer.', 'dieser Betrachter kennt die Transfersyntax {0} nicht.', 'cette visionneuse ne connaît pas la syntaxe de transfert {0}.', 'este visor no conoce la sintaxis de transferencia {0}.', 'questo visualizzatore non conosce la sintassi di trasferimento {0}.'],
  errNoPixels: ['it holds no image.', 'sie enthält kein Bild.', 'il ne contient pas d’image.', 'no contiene imagen.', 'non contiene un’immagine.'],
  errFormat: ['it is damaged or not a DICOM file ({0}).', 'sie ist beschädigt oder keine DICOM-Datei ({0}).', 'il est endommagé ou n’est pas un fichier DICOM ({0}).', 'está dañado o no es un archivo DICOM ({0}).', 'è danneggiato o non è un file DICOM ({0}).'],
  errMissing: ['it is not in the chosen folder.', 'sie ist nicht im gewählten Ordner.', 'il n’est pas dans le dossier choisi.', 'no está en la carpeta elegida.', 'non è nella cartella scelta.'],
  errOther: ['the file of this name in the chosen folder is another one. Choose the disc this page came from.', 'die Datei dieses Namens im gewählten Ordner ist eine andere. Wählen Sie den Datenträger, von dem diese Seite stammt.', 'le fichier de ce nom dans le dossier choisi en est un autre. Choisissez le disque d’où vient cette page.', 'el archivo con ese nombre en la carpeta elegida es otro. Elija el disco del que procede esta página.', 'il file con questo nome nella cartella scelta è un altro. Scegliere il disco da cui proviene questa pagina.'],
  errChoose: ['{0} is not part of this page. Choose the disc to see it.', '{0} ist nicht Teil dieser Seite. Wählen Sie den Datenträger aus, um sie zu sehen.', '{0} ne fait pas partie de cette page. Choisissez le disque pour le voir.', '{0} no forma parte de esta página. Elija el disco para verlo.', '{0} non fa parte di questa pagina. Scegliere il disco per vederlo.'],
  thisFile: ['This file', 'Diese Datei', 'Ce fichier', 'Este archivo', 'Questo file'],
  spacingPatient: ['in the patient', 'im Patienten', 'dans le patient', 'en el paciente', 'nel paziente'],
  spacingDetector: ['at the detector', 'am Detektor', 'au détecteur', 'en el detector', 'sul rivelatore'],
  openTab: ['Open in a new tab', 'In neuem Tab öffnen', 'Ouvrir dans un onglet', 'Abrir en otra pestaña', 'Apri in una scheda'],
  saveFile: ['Save the file', 'Datei speichern', 'Enregistrer le fichier', 'Guardar el archivo', 'Salva il file'],
  document: ['Document', 'Dokument', 'Document', 'Documento', 'Documento'],
  report: ['Report', 'Bericht', 'Compte rendu', 'Informe', 'Referto'],
  showImage: ['Show the image', 'Bild zeigen', 'Voir l’image', 'Ver la imagen', 'Mostra l’immagine'],
  notHere: ['not on this disc', 'nicht auf diesem Datenträger', 'pas sur ce disque', 'no está en este disco', 'non su questo disco'],
  verified: ['Verified', 'Bestätigt', 'Vérifié', 'Verificado', 'Verificato'],
  unverified: ['Not verified', 'Nicht bestätigt', 'Non vérifié', 'Sin verificar', 'Non verificato'],
  tableTitle: ['Contents of {0}', 'Inhalt von {0}', 'Contenu de {0}', 'Contenido de {0}', 'Contenuto di {0}'],
  attribute: ['Attribute', 'Attribut', 'Attribut', 'Atributo', 'Attributo'],
  value: ['Value', 'Wert', 'Valeur', 'Valor', 'Valore'],
  tag: ['Tag', 'Tag', 'Tag', 'Etiqueta', 'Tag'],
  disc: ['Disc {0} of {1}', 'Datenträger {0} von {1}', 'Disque {0} sur {1}', 'Disco {0} de {1}', 'Disco {0} di {1}'],
  made: ['Created {0}', 'Erstellt {0}', 'Créé le {0}', 'Creado {0}', 'Creato {0}'],
  countImages: ['{0} images', '{0} Bilder', '{0} images', '{0} imágenes', '{0} immagini'],
  countOne: ['1 image', '1 Bild', '1 image', '1 imagen', '1 immagine'],
  countDocs: ['{0} documents', '{0} Dokumente', '{0} documents', '{0} documentos', '{0} documenti'],
  countDoc: ['1 document', '1 Dokument', '1 document', '1 documento', '1 documento'],
  view: ['View {0}', 'Ansicht {0}', 'Vue {0}', 'Vista {0}', 'Vista {0}'],
  position: ['Position in the series', 'Stelle in der Serie', 'Position dans la série', 'Posición en la serie', 'Posizione nella serie'],
  helpIntro: ['Every tool has a button; these keys and gestures are quicker.', 'Jedes Werkzeug hat eine Schaltfläche; diese Tasten und Gesten sind schneller.', 'Chaque outil a un bouton ; ces touches et gestes sont plus rapides.', 'Cada herramienta tiene un botón; estas teclas y gestos son más rápidos.', 'Ogni strumento ha un pulsante; questi tasti e gesti sono più rapidi.'],
  helpScroll: ['Next or previous image', 'Nächstes oder voriges Bild', 'Image suivante ou précédente', 'Imagen siguiente o anterior', 'Immagine successiva o precedente'],
  helpSeries: ['Next or previous series', 'Nächste oder vorige Serie', 'Série suivante ou précédente', 'Serie siguiente o anterior', 'Serie successiva o precedente'],
  helpEnds: ['First or last image', 'Erstes oder letztes Bild', 'Première ou dernière image', 'Primera o última imagen', 'Prima o ultima immagine'],
  helpDelete: ['Remove the last measurement', 'Letzte Messung entfernen', 'Effacer la dernière mesure', 'Borrar la última medida', 'Cancella l’ultima misura'],
  helpWheel: ['Wheel', 'Mausrad', 'Molette', 'Rueda', 'Rotellina'],
  helpDrag: ['Drag', 'Ziehen', 'Glisser', 'Arrastrar', 'Trascina'],
  helpMiddle: ['Middle button', 'Mittlere Taste', 'Bouton du milieu', 'Botón central', 'Pulsante centrale'],
  helpRight: ['Right button', 'Rechte Taste', 'Bouton droit', 'Botón derecho', 'Pulsante destro'],
  helpPinch: ['Two fingers', 'Zwei Finger', 'Deux doigts', 'Dos dedos', 'Due dita'],
  helpDouble: ['Double click', 'Doppelklick', 'Double clic', 'Doble clic', 'Doppio clic'],
  helpSingle: ['One view, or back', 'Eine Ansicht, oder zurück', 'Une seule vue, ou retour', 'Una vista, o volver', 'Una vista, o indietro'],
  chosenTool: ['chosen tool', 'gewähltes Werkzeug', 'outil choisi', 'herramienta elegida', 'strumento scelto'],
  space: ['Space', 'Leertaste', 'Espace', 'Espacio', 'Spazio'],
} satisfies Record<string, [string, string, string, string, string]>;

export type Key = keyof typeof TABLE;

let column = 0;

export function setLanguage(language: string): Language {
  column = Math.max(0, LANGUAGES.indexOf(language.slice(0, 2).toLowerCase() as Language));
  return LANGUAGES[column];
}

export const language = (): Language => LANGUAGES[column];

export function t(key: Key, ...values: (string | number)[]): string {
  return TABLE[key][column].replace(/\{(\d)\}/g, (_, n: string) => String(values[Number(n)] ?? ''));
}

/** The kinds of an instance where a class name is missing. */
export const sexOf = (code: string | undefined): string =>
  code === 'M' ? t('sexM') : code === 'F' ? t('sexF') : code === 'O' ? t('sexO') : '';

/** A number as this language writes it, with at most `digits` decimals. */
export function decimal(value: number, digits: number): string {
  return value.toLocaleString(language(), { maximumFractionDigits: digits, useGrouping: false });
}
