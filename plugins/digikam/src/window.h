// The window for the current album: photos by score, why, and what to apply.
#pragma once

#include "applier.h"
#include "photos.h"

#include <QTimer>
#include <QWidget>

class QComboBox;
class QLabel;
class QListView;
class QPushButton;

namespace RealQA
{

class Card;
class Details;
class ResultsFilter;
class ResultsModel;
class Thumbnails;

class Window : public QWidget
{
    Q_OBJECT

public:
    /// `agent` and `applier` have to outlive it.
    Window(const Photos& photos, Agent* agent, Applier* applier, QWidget* parent);

    /// Show the photos of the album that is current now.
    void readAlbum();
    /// Say something below the photos.
    void say(const QString& sentence, bool failed);

private:
    QWidget* buildFilters();
    QWidget* buildButtons();
    void ask();
    void takeIn(const Answer& answer);
    void score();
    void sort();
    void fillValues();
    void filter();
    void tickShown(bool ticked);
    void showChosen();
    void showCounts();
    void showButtons();

    Photos m_photos;
    Agent* m_agent;
    Applier* m_applier;
    Thumbnails* m_thumbnails;
    ResultsModel* m_model;
    ResultsFilter* m_filter;
    Card* m_card;
    QListView* m_list;
    Details* m_details;
    QComboBox* m_sort;
    QComboBox* m_decision;
    QComboBox* m_attribute;
    QComboBox* m_value;
    QLabel* m_counts;
    QLabel* m_message;
    QLabel* m_status;
    QPushButton* m_apply;
    QPushButton* m_undo;
    QTimer m_again;
};

} // namespace RealQA
