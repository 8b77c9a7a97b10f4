## States of an operation

not-started = En attente
waits-for-newer-version = Attend une version plus récente de l’application
waits-for-earlier-version = Attend une version antérieure de l’application
started = En cours
finished-ok = Terminé
finished-error = Échec
cancelled = Annulé

## States of a stage

stage-pending = en attente
stage-active = en cours
stage-done = terminée
stage-failed = échouée
stage-cancelled = annulée
stage-reused = réutilisée

## Actions

cancel = Annuler
cancelling = Annulation…
retry = Réessayer
retry-question = Le résultat reste sous « Tentatives précédentes ».
run-again = Exécuter à nouveau
continue = Continuer
continued-in = Suite :
continued-from = Suite de

## Attempts

attempt-of = Tentative { $number } sur { $max }
next-attempt-in = , prochaine tentative dans
attempt-failed = La tentative { $number } sur { $max } a échoué, prochaine tentative dans { $wait } : { $message }
hand-backs = Redémarrages du serveur : { $count }
earlier-attempts = Tentatives précédentes
attempt-number = Tentative { $number }
attempt-lost = Le processus d’exécution ne répondait plus
attempt-handed-back = Interrompue par un redémarrage

## Progress

progress = Progression
percent = { $percent } %
done-of-total = { $done } sur { $total }
per-second = { $rate }/s
time-left = { $time } restantes
stopped-at = Arrêtée à { $position }
labelled = { $label } : { $text }

## Durations

hours-minutes = { $hours } h { $minutes } min
minutes-seconds = { $minutes } min { $seconds } s
seconds = { $seconds } s
size-bytes =
    { $count ->
        [one] { $count } octet
       *[other] { $count } octets
    }
size-kilobytes = { $count } Ko
size-megabytes = { $count } Mo
size-gigabytes = { $count } Go

## Page of an operation

operation = Opération
log = Journal
new-lines = Nouvelles lignes : { $count }
whole-log = Journal complet
lines-left-out =
    { $lines ->
        [one] { $lines } ligne omise
       *[other] { $lines } lignes omises
    }
traceback = Trace de l’erreur
details = Détails

## Connection

connected = En direct
reconnecting = Reconnexion…
offline = Hors ligne
refused = L’action a échoué. Veuillez réessayer.
unreachable = Le serveur est injoignable. Veuillez réessayer.
signed-out = Vous êtes déconnecté. Reconnectez-vous.
dismiss = Fermer

## List of operations

operations = Opérations
all-operations = Toutes les opérations
no-operations = Aucune opération.
search-continues = Aucun autre résultat dans les { $count } opérations parcourues. La recherche continue sur la page suivante.
next-page = Page suivante
previous-page = Page précédente
state = État
status = Statut
owner = Propriétaire
created = Création
description = Description
every-state = Tous
search = Recherche
show = Afficher

## List for staff

type = Type
every-type = Tous
age = Âge
every-age = Indifférent
within-hour = Depuis moins d’une heure
within-days =
    { $days ->
        [one] Depuis moins d’un jour
       *[other] Depuis moins de { $days } jours
    }
older-than-days =
    { $days ->
        [one] Depuis plus d’un jour
       *[other] Depuis plus de { $days } jours
    }
sort = Ordre
newest = Plus récentes d’abord
oldest = Plus anciennes d’abord
last-finished = Dernières terminées d’abord
longest-running = En cours depuis le plus longtemps d’abord
select-all = Tout sélectionner sur cette page
select-operation = Sélectionner { $title }, { $owner }, { $created }
cancel-selected = Annuler la sélection
retry-selected = Réessayer la sélection
done-of-selected = Appliqué à { $done } opérations sur { $all }.
nothing-selected = Aucune opération sélectionnée.
staff-only = Réservé à l’équipe.

## Staff details of an operation

for-staff = Pour l’équipe
input = Entrée
attempt = Tentative
attempts-before = Tentatives non comptées
worker = Processus
queue = File d’attente
priority = Priorité
not-before = Pas avant
due = Prête depuis
started-on = Démarrée
ended-on = Terminée
waited = Attente
ran = Exécution
chained-from = Démarrée par
chained-to = Poursuivie dans
actions = Actions
the-application = l’application
action-create = Créée
action-cancel = Annulée
action-retry = Réessayée
action-bulk-cancel = Annulée avec d’autres
action-bulk-retry = Réessayée avec d’autres
action-prune = Anciennes opérations supprimées
action-give-up-hook = Rappel après la fin abandonné après des échecs
last-prune = Dernière suppression d’anciennes opérations : { $time } ({ $count }).
stage = Étape
entered = Début
left = Fin
took = Durée
unknown = inconnu

## Reasons for the end of a run

went-wrong = Une erreur est survenue. Si elle se reproduit, donnez cette référence à l’assistance : { $id }
took-too-long = L’opération a été arrêtée parce qu’elle durait plus de { $time }.
result-too-large = Le résultat est trop volumineux pour être enregistré. Si vous en avez besoin, donnez cette référence à l’assistance : { $id }
worker-lost = Le processus d’exécution ne répond plus.
worker-lost-each-time = Le processus d’exécution a cessé de répondre à chaque tentative.
interrupted = Interrompue par un redémarrage.
starts-again = Le serveur a redémarré ; l’opération recommence.
cannot-be-stopped = Le code de cette opération s’exécute encore et ne peut pas être arrêté.
may-still-run = Une partie est peut-être encore en cours d’exécution.

## In a terminal

stage-was-reused = Réutilisée d’une tentative précédente
stage-has-failed = Cette étape a échoué
warning = Avertissement
error = Erreur
result = Résultat
# The number of values of a result that are not shown.
more = { $count } de plus

## Refused requests

bad-request-title = Requête incorrecte
forbidden-title = Accès refusé
not-found-title = Introuvable
conflict-title = Impossible pour l’instant
too-large-title = Trop volumineux
unsupported-title = Format inconnu
invalid-title = Données non valides
too-many-title = Trop de requêtes
busy-title = Serveur occupé
internal-title = Erreur
show-it = Afficher l’opération
already-ended = L’opération est déjà terminée.
not-ended = L’opération n’est pas encore terminée.
not-registered = L’application ne prend plus en charge ce type d’opération.
outdated-input = L’application n’accepte plus la saisie de cette opération. Lancez une nouvelle opération.
retry-in-other-version = Seule une autre version de l’application peut relancer cette opération. Réessayez dans quelques minutes.
duplicate = La même opération est déjà en attente ou en cours.
not-found = Opération introuvable.
too-many-pages = Trop de pages ouvertes. Fermez-en quelques-unes et réessayez.
too-many-waiting = { $max } de vos opérations sont déjà en attente. Attendez que certaines aient commencé.
upload-too-large = Le fichier fait { $found } ; { $max } au plus sont autorisés.
upload-over-limit = Le fichier est trop volumineux ; { $max } au plus sont autorisés.
input-too-large = La saisie fait { $found } ; { $max } au plus sont autorisés.
input-over-limit = La saisie est trop volumineuse ; { $max } au plus sont autorisés.
quota-reached = Vos fichiers feraient { $found } au total ; { $max } au plus sont autorisés. Les fichiers sont supprimés avec leurs opérations.
too-many-fields = Le formulaire a trop de champs ; { $max } au plus sont autorisés.
too-many-files = Vous avez envoyé trop de fichiers ; { $max } au plus sont autorisés.
too-many-values = La saisie a trop de valeurs ; { $max } au plus sont autorisées.
too-many-pieces = La requête est arrivée en trop de petits morceaux.
incomplete = La requête n’est pas arrivée en entier. Réessayez.
not-utf8 = Le formulaire contient du texte qui n’est pas en UTF-8.
has-nul = Le caractère U+0000 n’est pas autorisé.
not-a-form = Le formulaire n’a pas pu être lu.
file-without-name = Un fichier a été envoyé sans son nom. Envoyez-le à nouveau avec son nom.
busy = Le serveur est occupé. Réessayez dans un instant.
internal = Une erreur est survenue sur le serveur.
other-site = Les requêtes venant d’autres sites sont refusées.
unknown-host = Cette adresse n’est pas connue ici.
not-in-group = Vous n’avez pas accès à cette page.
not-allowed = Vous n’avez pas l’autorisation de faire cela.

## Forms

mistakes =
    { $count ->
        [one] Veuillez corriger une erreur
       *[other] Veuillez corriger { $count } erreurs
    }
start = Démarrer
required = obligatoire
one-per-line = Un par ligne.
in-utc = En UTC.
files-again = Choisissez à nouveau vos fichiers.
yes = Oui
no = Non
missing = Ce champ est obligatoire.
missing-choice = Choisissez une option.
missing-file = Choisissez un fichier.
not-uploaded = Envoyez le fichier. Un chemin n’est pas accepté ici.
not-a-list = Une liste était attendue.
several = Une seule valeur était attendue, il y en a plusieurs.
not-a-choice = Choisissez l’une des options proposées.
not-an-email = Une adresse e-mail était attendue, comme ann@example.org.
not-a-url = Une URL était attendue, comme https://example.org.
not-base64 = Du Base64 était attendu.
not-a-string = Un texte était attendu.
not-whole = Un nombre entier était attendu.
not-a-number = Un nombre était attendu.
not-yes-or-no = Oui ou non était attendu.
not-a-date = Une date était attendue, comme 2026-02-28.
not-a-time = Une heure était attendue, comme 14:30.
not-a-date-time = Une date et une heure étaient attendues, comme 2026-02-28T14:30.
not-an-instant = Une date et une heure étaient attendues, comme 2026-02-28T14:30Z.
out-of-bounds = Une valeur de { $min } à { $max } était attendue, et non { $found }.
too-small = { $min } ou plus était attendu, et non { $found }.
too-great = { $max } ou moins était attendu, et non { $found }.
too-long = Au plus { $max } caractères étaient attendus, il y en a { $found }.
file-too-large = Un fichier d’au plus { $max } octets était attendu.
not-accepted = Un fichier de type { $accept } était attendu.
